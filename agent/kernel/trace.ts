/**
 * Prints what one cgroup does, for people who debug the capture:
 *
 *   node agent/kernel/trace.ts --cgroup /sys/fs/cgroup/memory/demo [--children LEVELS] [--json]
 *       [--tracefs PATH] [--blobs PATH]
 *
 * Needs root (or the agent's capabilities), the compiled programs (`node agent/bpf/build.ts`) and tracefs.
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { KernelEvent, OpenEvent, SocketAddress } from '../../core/event/event.ts';
import { openCapture } from './open-capture.ts';

const { values } = parseArgs({
  options: {
    cgroup: { type: 'string' },
    children: { type: 'string' },
    json: { type: 'boolean', default: false },
    tracefs: { type: 'string' },
    blobs: { type: 'string' },
  },
});

const endpoint = (address: SocketAddress | undefined): string => (address ? `${address.ip}:${address.port}` : '');

const openResult = ({ flags, created, retval }: OpenEvent): string =>
  `flags 0${flags.toString(8)}${created ? ' created' : ''} = ${retval}`;

function describe(event: KernelEvent): string {
  switch (event.type) {
    case 'exec':
      return `${event.file.path} ${JSON.stringify(event.argv)} by ${event.ppid}`;
    case 'fork':
      return `child ${event.child.pid}`;
    case 'exit':
      return `status ${event.status}`;
    case 'open':
      return `${event.file.path} ${openResult(event)}`;
    case 'connect':
    case 'bind':
    case 'listen':
    case 'accept':
      return `${event.protocol} ${endpoint(event.local)} ${endpoint(event.remote)} = ${event.retval}`;
    case 'dns':
      return `${event.direction} ${endpoint(event.server)} ${event.questions.map((each) => `${each.name}/${each.type}`).join(' ')}`;
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

if (values.cgroup === undefined) {
  process.stderr.write(
    'usage: node agent/kernel/trace.ts --cgroup PATH [--children LEVELS] [--json] [--tracefs PATH] [--blobs PATH]\n',
  );
  process.exit(2);
}
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
const cgroup = statSync(values.cgroup, { bigint: true }).ino;
if (values.children === undefined) capture.observe(cgroup);
else capture.watchChildren(cgroup, Number(values.children));

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
while (!stop.signal.aborted) {
  await capture.wait(100);
  capture.drain(print);
}
process.stderr.write(`${JSON.stringify(capture.counters())}\n`);
capture.close();
