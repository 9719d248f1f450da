/** More than anybody can read: every event is seen or counted as lost, and the agent stays as it is. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { PlayedContainer } from '../../test/kernel/played-container.ts';
import type { Measurement } from './measurement.ts';
import { mebibyte } from './memory.ts';
import type { Node } from './node.ts';
import { statusBytes } from './process.ts';
import { settledCounters, slotFor, untilAll } from './reports.ts';
import { summarize } from './statistics.ts';

const opensPerSecond = 200_000;
const seconds = 10;
const processors = [0, 1];
const result = z.object({ opens: z.number(), seconds: z.number() });
type Result = z.infer<typeof result>;

interface Flood {
  readonly container: PlayedContainer;
  /** Resolves when the next line of its output is there. */
  line(): Promise<string>;
  go(): void;
  end(): Promise<void>;
}

function startFlood(node: Node, cpu: number): Flood {
  const container = node.container();
  const rate = String(opensPerSecond / processors.length);
  const command = [node.load('open-flood'), join(node.folder, `flood-${cpu}`), rate, String(seconds), String(cpu)];
  const child: ChildProcess = container.launch(command, ['pipe', 'pipe', 'inherit']);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('open-flood: its ends are not piped');
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    container,
    line: async () => {
      const next = await lines.next();
      if (next.done === true) throw new Error('open-flood has ended early');
      return next.value;
    },
    go: () => void stdin.write('\n'),
    end: async () => {
      stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      await container.end();
    },
  };
}

/** The highest resident set, looked at twice a second until `done`. */
async function watchMemory(pid: number, done: Promise<unknown>): Promise<number> {
  const over = done.then(() => true);
  let highest = 0;
  do {
    highest = Math.max(highest, statusBytes(pid, 'VmRSS'));
  } while (!(await Promise.race([over, setTimeout(500, false)])));
  return highest;
}

/** While they flood, nothing else happens in any observed container. */
export async function measureFlood(node: Node): Promise<Measurement[]> {
  const agent = await node.agentReady();
  const floods = processors.map((cpu) => startFlood(node, cpu));
  await Promise.all(floods.map((flood) => flood.line()));
  const slots = floods.map(({ container }) => slotFor(container));
  const before = await settledCounters(node, slots);
  await untilAll(
    node,
    floods.map(({ container }) => container),
    'profiling',
  );
  const resident = statusBytes(agent.pid, 'VmRSS');

  const flooding = Promise.all(
    floods.map(async (flood): Promise<Result> => {
      flood.go();
      return result.parse(JSON.parse(await flood.line()));
    }),
  );
  const highest = await watchMemory(agent.pid, flooding);
  const results = await flooding;
  const after = await settledCounters(node, slots);
  await Promise.all(floods.map((flood) => flood.end()));
  await agent.stop();

  const grown = (counter: string): number => (after[counter] ?? 0) - (before[counter] ?? 0);
  const opens = results.reduce((sum, each) => sum + each.opens, 0);
  const rate = Math.round(opens / Math.max(...results.map((each) => each.seconds)));
  const [seen, dropped] = [grown('events_total'), grown('ring_drops_total')];
  const { low, high, count } = summarize([resident / mebibyte, highest / mebibyte]);
  return [
    {
      what: 'opens under flood, neither seen nor counted as lost',
      value: Math.abs(opens - seen - dropped),
      unit: 'events',
      budget: { atMost: 0 },
      note: `of ${opens}, ${rate}/s on ${processors.length} processors`,
    },
    {
      what: 'opens under flood, counted as lost',
      value: dropped / opens,
      unit: 'ratio',
      note: `${dropped} of ${opens}`,
    },
    { what: 'agent under flood: highest resident memory', value: high, unit: 'MiB', spread: { low, high, count } },
  ];
}
