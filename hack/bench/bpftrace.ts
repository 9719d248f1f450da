/** bpftrace as a peer: a script that writes a line for each open, as one would who wants to see all of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './node.ts';

const script = `
BEGIN { printf("attached\\n"); }
tracepoint:syscalls:sys_enter_openat { @path[tid] = args->filename; }
tracepoint:syscalls:sys_exit_openat /@path[tid]/ {
  printf("%d %s %d %s\\n", pid, comm, args->ret, str(@path[tid]));
  delete(@path[tid]);
}`;

/** A machine's own tracefs need not be mounted: then it is, in a mount namespace of bpftrace's own. */
const start =
  '[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing && exec bpftrace -e "$0"';

/** Runs `use` while it traces. Returns the lines that it wrote, to a file in `folder`. */
export async function whileTracing<Result>(
  folder: string,
  use: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly lines: readonly string[] }> {
  const path = join(folder, 'bpftrace.lines');
  const output = openSync(path, 'w');
  const child = spawn('unshare', ['--mount', 'sh', '-c', start, script], { stdio: ['ignore', output, output] });
  closeSync(output);
  try {
    await until('bpftrace', () => {
      const text = readFileSync(path, 'utf8');
      if (child.exitCode !== null) throw new Error(`bpftrace ended with ${child.exitCode}:\n${text}`);
      return text.includes('attached') ? true : undefined;
    });
    const result = await use();
    return { result, lines: await finish() };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }

  async function finish(): Promise<string[]> {
    child.kill('SIGINT');
    await once(child, 'exit');
    return readFileSync(path, 'utf8').split('\n');
  }
}
