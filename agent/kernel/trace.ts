/**
 * Prints what one cgroup does, for people who debug the capture:
 *
 *   node agent/kernel/trace.ts --cgroup /sys/fs/cgroup/memory/demo [--children LEVELS] [--rules TYPE[=NAME|=/FOLDER][,…]|all] [--json]
 *       [--hash] [--tracefs PATH] [--blobs PATH]
 *
 * With --rules, every event of these types is printed, from every process of the machine, of opens also only those of one
 * base name or below one folder; --cgroup may then be left out.
 *
 * With --hash, the SHA-256 of every program that is executed, and of every file that is opened, follows as soon as it is known.
 *
 * Needs root (or the agent's capabilities), the compiled programs (`node agent/bpf/build.ts`) and tracefs.
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { KernelEvent, OpenEvent } from '../../core/event/event.ts';
import { isNetworkEvent } from '../../core/event/network-events.ts';
import { isPathEvent } from '../../core/event/path-event.ts';
import { createFileHasher, type HashedFile } from '../identify/file-hash.ts';
import type { Approver } from './approvers.ts';
import { capabilityNames } from './capability-names.ts';
import { openCapture } from './open-capture.ts';
import { describeNetwork } from './trace-network.ts';
import { describePathEvent } from './trace-path.ts';
import { RecordType } from './record-layout.ts';
import type { RecordTypeName } from './record-sources.ts';
import { describeCall } from './trace-call.ts';

const { values } = parseArgs({
  options: {
    cgroup: { type: 'string' },
    children: { type: 'string' },
    rules: { type: 'string' },
    json: { type: 'boolean', default: false },
    hash: { type: 'boolean', default: false },
    tracefs: { type: 'string' },
    blobs: { type: 'string' },
  },
});

const openResult = ({ flags, created, retval }: OpenEvent): string =>
  `flags 0${flags.toString(8)}${created ? ' created' : ''} = ${retval}`;

function describe(event: KernelEvent): string {
  if ('call' in event) return describeCall(event);
  if (isNetworkEvent(event)) return describeNetwork(event);
  if (isPathEvent(event)) return describePathEvent(event);
  switch (event.type) {
    case 'exec':
      return `${event.file.path} ${JSON.stringify(event.argv)} by ${event.ppid}`;
    case 'fork':
      return `child ${event.child.pid} flags 0x${event.flags.toString(16)}`;
    case 'exit':
      return `status ${event.status}`;
    case 'open':
      return `${event.file.path} ${openResult(event)}`;
    case 'capability':
      return `${capabilityNames(event.attempted).join()} ${event.used > 0n ? 'granted' : 'refused'}`;
    case 'cgroup_mkdir':
    case 'cgroup_rmdir':
      return event.path;
  }
}

function print(event: KernelEvent): void {
  const who = 'process' in event ? `${event.process.pid}/${event.process.execId}` : '-';
  const line = values.json
    ? JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
    : `${new Date(event.timestamp).toISOString()} ${who.padEnd(12)} ${event.type.padEnd(12)} ${describe(event)}`;
  process.stdout.write(`${line}\n`);
}

const hasher = values.hash ? createFileHasher() : undefined;

/** A program is found at its process even where its path is hidden. */
function hashedFile(event: KernelEvent): HashedFile | undefined {
  if (event.type === 'exec') return { pid: event.process.pid, facts: event.file };
  if (event.type !== 'open' || event.file.facts === undefined) return undefined;
  return { pid: event.process.pid, path: event.file.path, facts: event.file.facts };
}

async function printHash(event: KernelEvent): Promise<void> {
  const file = hashedFile(event);
  if (hasher === undefined || file === undefined || !('process' in event)) return;
  const outcome = await hasher.hash(file).catch(String);
  const path = 'file' in event ? event.file?.path : '';
  const line = values.json
    ? JSON.stringify({ type: 'hash', process: event.process, path, outcome })
    : `${' '.repeat(25)}${`${event.process.pid}/${event.process.execId}`.padEnd(12)} hash         ${path} ${outcome}`;
  process.stdout.write(`${line}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const typeNames = Object.keys(RecordType).filter((name): name is RecordTypeName => name in RecordType);

/** `open`, `open=shadow` for files of that name, `open=/etc` for those in that folder. */
function parseApprover(text: string): Approver {
  const [type = '', condition] = text.split('=');
  const record =
    typeNames.find((name) => name === type) ??
    fail(`--rules: no records of type "${type}"; there are ${typeNames.join(', ')}`);
  if (condition === undefined) return { record };
  return condition.startsWith('/') ? { record, prefix: condition } : { record, name: condition };
}

function parseApprovers(list: string): Approver[] {
  return list === 'all' ? typeNames.map((record) => ({ record })) : list.split(',').map(parseApprover);
}

if (values.cgroup === undefined && values.rules === undefined) {
  fail(
    'usage: node agent/kernel/trace.ts --cgroup PATH [--children LEVELS] [--rules TYPE[=NAME|=/FOLDER][,…]|all] [--json] [--hash] [--tracefs PATH] [--blobs PATH]',
  );
}
const approvers = values.rules === undefined ? [] : parseApprovers(values.rules);
const cgroup =
  values.cgroup === undefined ? undefined : statSync(values.cgroup, { bigint: true, throwIfNoEntry: false });
if (values.cgroup !== undefined && cgroup === undefined) fail(`--cgroup: there is no ${values.cgroup}`);
const started = performance.now();
const capture = await openCapture({
  ...(values.tracefs !== undefined && { tracefs: values.tracefs }),
  ...(values.blobs !== undefined && { blobFolder: values.blobs }),
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
const { source, mountPoint } = capture.hierarchy;
process.stderr.write(
  `${capture.variant} loaded in ${Math.round(performance.now() - started)} ms; cgroups of ${source} at ${mountPoint}\n`,
);
capture.approve(approvers);
if (cgroup !== undefined) {
  if (values.children === undefined) capture.observe(cgroup.ino);
  else capture.watchChildren(cgroup.ino, Number(values.children));
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
while (!stop.signal.aborted) {
  await capture.wait(100);
  capture.drain((event) => {
    print(event);
    void printHash(event);
  });
}
process.stderr.write(`${JSON.stringify(capture.counters())}\n`);
if (approvers.length > 0) {
  const counts = { approvers: capture.approverCounts(), unchecked: capture.uncheckedCounts() };
  process.stderr.write(`${JSON.stringify(counts)}\n`);
}
capture.close();
