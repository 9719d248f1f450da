/** Half an hour of churn: one container starts each second, a few are profiled, all of them end. What stays of it? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Slot } from '../../core/wire/agent.ts';
import type { Measurement } from './measurement.ts';
import { charged, mebibyte } from './memory.ts';
import type { Node } from './node.ts';
import { statusBytes } from './process.ts';
import { settledCounters } from './reports.ts';
import { median, slope, summarize } from './statistics.ts';

const slots = 5;
/** Of each container, in turn: some are over before the next begins, some are still there when ten more have come. */
const lifetimes = [0, 1, 2, 5, 10];
const sampleSeconds = 10;

interface MemorySample {
  readonly hours: number;
  readonly resident: number;
  /** Of it what is no file's: pages of files come and go. */
  readonly anonymous: number;
  readonly charged: number | undefined;
}

/** Reads some files, runs an interpreter, lives for a while. Every container has a file of its own name as well. */
function programOf(folder: string, number: number): string[] {
  const own = join(folder, `own-${number % 1_000}`);
  writeFileSync(own, '');
  const script = `cat ${own} /etc/passwd /etc/hosts >/dev/null; /usr/bin/python3 -IS -c "import json"; exec /bin/sleep ${lifetimes[number % lifetimes.length]}`;
  return ['/bin/sh', '-c', script];
}

/** What an operator does: slots to those that wait for one, a refusal to those that ended without. */
class Scheduler {
  readonly #node: Node;
  #granted: readonly Slot[] = [];
  #count = 0;
  snapshots = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  get granted(): readonly Slot[] {
    return this.#granted;
  }

  turn(): void {
    const { operator } = this.#node;
    const { containers = [] } = operator.last ?? {};
    const done = new Set(operator.snapshots.map(({ slotId }) => slotId));
    this.snapshots += done.size;
    const held = this.#granted.filter(({ slotId }) => !done.has(slotId));
    const holders = new Set(this.#granted.map(({ containerId }) => containerId));
    const waiting = containers.filter(({ id, state }) => state === 'provisional' && !holders.has(id));
    const next = waiting.slice(0, Math.max(0, slots - held.length)).map(({ id }) => this.#slot(id));
    const refused = containers.filter(({ id, state }) => state === 'finished' && !holders.has(id)).map(({ id }) => id);
    this.#granted = [...held, ...next];
    operator.grant(this.#granted, refused);
    this.#forget();
  }

  #slot(containerId: string): Slot {
    this.#count += 1;
    return { slotId: `soak-${this.#count}`, containerId, periodSeconds: 600 };
  }

  /** This process shall not grow either. */
  #forget(): void {
    const { operator } = this.#node;
    operator.snapshots.length = 0;
    operator.server.received.length = 0;
    operator.reports.splice(0, operator.reports.length - 1);
  }
}

function rows(samples: readonly MemorySample[]): Measurement[] {
  const third = Math.floor(samples.length / 3);
  const resident = samples.map((sample) => sample.resident / mebibyte);
  const [first, last] = [resident.slice(0, third), resident.slice(-third)];
  const { median: value, ...spread } = summarize(last);
  // What a start brings with it is over after the first third.
  const later = samples.slice(third).map((sample) => [sample.hours, sample.anonymous / 1024] as const);
  const thirds = [samples.slice(0, third), samples.slice(third, -third), samples.slice(-third)];
  const anonymous = thirds.map((part) => median(part.map((sample) => sample.anonymous / mebibyte)));
  const lastCharged = samples.slice(-third).flatMap((sample) => (sample.charged ?? 0) / mebibyte);
  const minutes = Math.round((samples.at(-1)?.hours ?? 0) * 60);
  return [
    { what: `agent, ${minutes} min of churn: resident memory, last third`, value, unit: 'MiB', spread },
    {
      what: 'the same, against the first third',
      value: value / median(first),
      unit: 'ratio',
      budget: { atMost: 1.05 },
      note: `${median(first).toFixed(1)} MiB then`,
    },
    {
      what: 'the same, growth in the last two thirds, pages of files left out',
      value: slope(later),
      unit: 'KiB/h',
      note: `${anonymous.map((figure) => figure.toFixed(1)).join(', ')} MiB in the three thirds`,
    },
    { what: 'the same, charged to its cgroup, last third', value: median(lastCharged), unit: 'MiB' },
  ];
}

export async function measureSoak(
  node: Node,
  minutes: number,
  progress: (text: string) => void,
): Promise<Measurement[]> {
  const folder = join(node.folder, 'soak');
  mkdirSync(folder);
  const agent = await node.agentReady();
  const scheduler = new Scheduler(node);
  const samples: MemorySample[] = [];
  const ending = new Set<Promise<void>>();
  const begin = performance.now();
  for (let second = 0; second < minutes * 60; second++) {
    const container = node.container().start(...programOf(folder, second));
    const end = container.end().finally(() => ending.delete(end));
    ending.add(end);
    scheduler.turn();
    await setTimeout(Math.max(0, begin + (second + 1) * 1_000 - performance.now()));
    if (second % sampleSeconds === sampleSeconds - 1) {
      const resident = statusBytes(agent.pid, 'VmRSS');
      const anonymous = statusBytes(agent.pid, 'RssAnon');
      samples.push({ hours: (second + 1) / 3_600, resident, anonymous, charged: charged(node.agentCgroup) });
      const tree = Math.round((node.operator.last?.gauges['tree_bytes'] ?? 0) / 1024);
      const [whole, own] = [resident, anonymous].map((bytes) => (bytes / mebibyte).toFixed(1));
      progress(
        `${second + 1} s: resident ${whole} MiB, anonymous ${own} MiB, trees ${tree} KiB, ${scheduler.snapshots} snapshots`,
      );
    }
  }
  await Promise.all(ending);
  const counters = await settledCounters(node, scheduler.granted);
  await agent.stop();
  const started = minutes * 60;
  return [
    ...rows(samples),
    {
      what: 'containers of the churn whose first program was seen',
      value: counters['container_starts_total{seen="true"}'] ?? 0,
      unit: 'containers',
      budget: { atLeast: started },
      note: `of ${started}; ${counters['ring_drops_total'] ?? 0} records lost`,
    },
  ];
}
