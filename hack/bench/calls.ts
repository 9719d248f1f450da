/** What the capture adds to calls and programs of an observed container, against no agent and beside bpftrace. */
import { spawn } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { whileTracing } from './bpftrace.ts';
import type { Measurement } from './measurement.ts';
import { type Node, outputOf, until } from './node.ts';
import { alternate, figures, ratio, type Sample, type Series } from './paired.ts';
import { median, summarize } from './statistics.ts';
import { missing } from './tools.ts';

/** Base name of the file that is opened over and over. */
const known = 'known';

const batches = z.array(z.number()).nonempty();
const costs = z.object({ getpid: batches, open: batches, exec: batches, opens: z.number() });

/**
 * Processor time of each call in nanoseconds, the middle of its batches, in a new container.
 * @param entered a second program came into the container before: then the kernel side looks up who does something
 */
async function measureCalls(node: Node, entered = false): Promise<Sample> {
  const file = join(node.folder, known);
  writeFileSync(file, '');
  const container = node.container();
  const command = ['/bin/sh', '-c', 'read go; exec "$0" "$1"', node.load('call-cost'), file];
  const child = container.launch(command, ['pipe', 'pipe', 'inherit']);
  if (entered) {
    await until('a mount namespace of its own', () => isApart(container.mounts) || undefined);
    await container.inject(['/bin/true']);
  }
  child.stdin?.end('\n');
  const { getpid, open, exec, opens } = costs.parse(JSON.parse(await outputOf('call-cost', child)));
  await container.end();
  return { getpid: median(getpid), open: median(open), exec: median(exec), opens };
}

function isApart(mounts: string): boolean {
  return statSync(mounts).ino !== statSync('/proc/self/ns/mnt').ino;
}

/** Of one start of the agent: the container is observed from its birth on, as the report afterwards proves. */
async function withAgent(node: Node, entered = false): Promise<Sample> {
  const agent = await node.agentReady();
  const sample = await measureCalls(node, entered);
  await until(
    'the report of an observed start',
    () => node.operator.last?.counters['container_starts_total{seen="true"}'],
  );
  await agent.stop();
  return sample;
}

const counted = z.object({ emitted: z.number(), ringDrops: z.number() });

/** Everything as with the agent, and a rule that every open of the file could match. */
async function withRule(node: Node, name: string): Promise<Sample> {
  const program = join(import.meta.dirname, 'ruled-capture.ts');
  const child = spawn(process.execPath, [program, node.podCgroup, name], {
    env: node.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  const sample = await measureCalls(node);
  child.kill('SIGTERM');
  const { value } = await lines.next();
  const { emitted, ringDrops } = counted.parse(JSON.parse(String(value)));
  return { ...sample, lost: ringDrops / (emitted + ringDrops) };
}

async function withBpftrace(node: Node): Promise<Sample> {
  const { result, lines } = await whileTracing(node.folder, () => measureCalls(node));
  const seen = lines.filter((line) => line.endsWith(`/${known}`)).length;
  return { ...result, lost: Math.max(0, 1 - seen / (result['opens'] ?? 0)) };
}

const names = {
  none: 'no agent',
  agent: 'agent',
  entered: 'agent, entered',
  rule: 'rule',
  others: 'rule for other files',
  bpftrace: 'bpftrace',
};

function row(series: Series, what: string, figure: string, of: string): Measurement {
  const { median: value, ...spread } = ratio(series, figure, of, names.none);
  const note = `${Math.round(median(figures(series, names.none, figure)))} ns with no agent`;
  return { what, value, unit: 'ratio', spread, note };
}

function lossRow(series: Series, what: string, of: string): Measurement {
  const { median: value, ...spread } = summarize(figures(series, of, 'lost'));
  return { what, value, unit: 'ratio', spread };
}

function peerRows(series: Series): Measurement[] {
  return [
    row(series, 'open+close, under bpftrace', 'open', names.bpftrace),
    lossRow(series, 'opens lost by bpftrace meanwhile', names.bpftrace),
    row(series, 'fork+exec+exit, under bpftrace', 'exec', names.bpftrace),
  ];
}

export async function measureCallCosts(
  node: Node,
  rounds: number,
  progress: (text: string) => void,
): Promise<Measurement[]> {
  const absent = missing('bpftrace');
  if (absent !== undefined) progress(`no figures of the peer: ${absent}`);
  const series = await alternate(
    [
      { name: names.none, measure: () => measureCalls(node) },
      { name: names.agent, measure: () => withAgent(node) },
      { name: names.entered, measure: () => withAgent(node, true) },
      { name: names.rule, measure: () => withRule(node, known) },
      { name: names.others, measure: () => withRule(node, 'another') },
      ...(absent === undefined ? [{ name: names.bpftrace, measure: () => withBpftrace(node) }] : []),
    ],
    rounds,
    progress,
  );
  return [
    { ...row(series, 'open+close, observed and known', 'open', names.agent), budget: { atMost: 1.6 } },
    {
      ...row(series, 'open+close, observed and known, container entered again', 'open', names.entered),
      budget: { atMost: 1.6 },
    },
    { ...row(series, 'open+close, observed and approved for a rule', 'open', names.rule), budget: { atMost: 2.5 } },
    lossRow(series, 'records lost meanwhile, and counted', names.rule),
    row(series, 'open+close, observed and known, a rule for other files', 'open', names.others),
    { ...row(series, 'fork+exec+exit, observed', 'exec', names.agent), budget: { atMost: 1.1 } },
    row(series, 'a call of no interest (getpid), observed', 'getpid', names.agent),
    ...(absent === undefined ? peerRows(series) : []),
  ];
}
