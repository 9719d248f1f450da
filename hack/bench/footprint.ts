/** What the agent itself takes: memory at work, processor time at rest. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PlayedContainer } from '../../test/kernel/played-container.ts';
import type { Measurement } from './measurement.ts';
import { charged, mebibyte } from './memory.ts';
import type { Node } from './node.ts';
import { processorNanoseconds, statusBytes } from './process.ts';
import { reportAfter, settledCounters, slotFor, untilAll } from './reports.ts';
import { summarize } from './statistics.ts';

const containers = 50;
/** Slots of a node, as WorkloadSecurityConfig has them by default; the other containers wait for one, observed as well. */
const slots = 5;
const eventsPerContainer = 20;
/** A container without a slot is observed for its first minute: nearly all of it. */
const workSeconds = 50;
/** The kernel gives time in nanoseconds, but what runs every quarter of a minute shall count as often as it should. */
const restSeconds = 90;

async function startAll(node: Node, ...command: readonly string[]): Promise<PlayedContainer[]> {
  const started = Array.from({ length: containers }, () => node.container().start(...command));
  await untilAll(node, started, 'provisional');
  return started;
}

interface Memory {
  readonly resident: number;
  readonly charged: number | undefined;
}

async function sampleMemory(node: Node, pid: number, seconds: number): Promise<Memory[]> {
  const samples: Memory[] = [];
  for (let second = 0; second < seconds; second++) {
    await setTimeout(1_000);
    samples.push({ resident: statusBytes(pid, 'VmRSS'), charged: charged(node.agentCgroup) });
  }
  return samples;
}

function memoryRow(what: string, bytes: readonly number[], budget: number): Measurement {
  const { median, ...spread } = summarize(bytes.map((each) => each / mebibyte));
  return { what, value: Math.max(median, spread.high), unit: 'MiB', spread, budget: { atMost: budget } };
}

/** Memory is the worst of what it had in the second half of the time, when nothing is new to the agent any more but the events. */
export async function measureMemoryAtWork(node: Node): Promise<Measurement[]> {
  const folder = join(node.folder, 'files');
  mkdirSync(folder);
  for (let number = 0; number < eventsPerContainer * workSeconds; number++) {
    writeFileSync(join(folder, `file-${number}`), '');
  }
  const agent = await node.agentReady();
  const before = await settledCounters(node, []);
  const command = [node.load('distinct-events'), folder, String(eventsPerContainer), String(workSeconds)];
  const working = await startAll(node, ...command);
  const granted = working.slice(0, slots).map(slotFor);
  await reportAfter(node, granted);
  const samples = await sampleMemory(node, agent.pid, workSeconds - 5);
  await Promise.all(working.map((container) => container.end()));
  const after = await settledCounters(node, granted);
  await agent.stop();
  const events = (after['events_total'] ?? 0) - (before['events_total'] ?? 0);
  const late = samples.slice(Math.floor(samples.length / 2));
  const at = `${containers} observed containers, ${Math.round(events / workSeconds)} events/s`;
  const chargedBytes = late.flatMap((sample) => sample.charged ?? []);
  return [
    memoryRow(
      `agent, ${at}: resident memory`,
      late.map(({ resident }) => resident),
      90,
    ),
    ...(chargedBytes.length === 0 ? [] : [memoryRow(`agent, ${at}: charged to its cgroup`, chargedBytes, 140)]),
  ];
}

/** All of them under a slot, so that they are observed for longer than their first minute. */
export async function measureIdle(node: Node): Promise<Measurement[]> {
  const agent = await node.agentReady();
  const idle = await startAll(node, '/bin/sleep', '3600');
  await reportAfter(node, idle.map(slotFor));
  await untilAll(node, idle, 'profiling');
  await setTimeout(10_000);
  const before = processorNanoseconds(agent.pid);
  const start = performance.now();
  await setTimeout(restSeconds * 1_000);
  const used = processorNanoseconds(agent.pid) - before;
  const share = used / 1e6 / (performance.now() - start);
  const resident = statusBytes(agent.pid, 'VmRSS') / mebibyte;
  await Promise.all(idle.map((container) => container.end('SIGKILL')));
  await agent.stop();
  return [
    {
      what: `agent, ${containers} observed containers that do nothing: processor`,
      value: share * 100,
      unit: '% of a core',
      budget: { atMost: 0.3 },
      note: `over ${restSeconds} s`,
    },
    { what: 'agent, the same: resident memory', value: resident, unit: 'MiB' },
  ];
}
