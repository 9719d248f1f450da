/** The capture as a program of its own: with few capabilities, in other namespaces, and for people to read. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Kernel } from './kernel-test.ts';
import { test } from './kernel-test.ts';

const program = join(import.meta.dirname, '../../agent/kernel/trace.ts');

/** Starts the tracer, runs a program in the cgroup when it is ready, and stops it: `sh -c … CGROUP FOLDER TRACER…`. */
const SESSION = `
cgroup=$1 folder=$2; shift 2
: > "$folder/err"
"$@" > "$folder/out" 2> "$folder/err" & tracer=$!
until grep -q loaded "$folder/err"; do kill -0 $tracer || { cat "$folder/err" >&2; exit 1; }; sleep 0.5; done
sh -c 'echo 0 > "$0/cgroup.procs"; echo $$; /bin/true traced; :' "$cgroup"
case "$*" in *--hash*)
  rm -f "$folder/fifo"; mkfifo "$folder/fifo"
  sh -c 'echo 0 > "$0/cgroup.procs"; /bin/cat "$1" > /dev/null' "$cgroup" "$folder/fifo" &
  until grep -q 'hash .*/cat ' "$folder/out"; do kill -0 $tracer || exit 1; sleep 0.1; done
  : > "$folder/fifo"
esac
kill -INT $tracer; wait $tracer
cat "$folder/out"`;

/** The tracer's lines, after one with the number of the process that ran. */
async function session(kernel: Kernel, before: readonly string[], ...options: readonly string[]): Promise<string[]> {
  const tracer = [process.execPath, program, '--cgroup', kernel.outside.path];
  const places = ['--tracefs', kernel.tracefs, '--blobs', kernel.blobFolder];
  const shell = ['/bin/sh', '-c', SESSION, 'sh', kernel.outside.path, kernel.folder];
  const { stdout } = await promisify(execFile)('env', [...before, ...shell, ...tracer, ...places, ...options]);
  return stdout.trim().split('\n');
}

const lineSchema = z.looseObject({
  type: z.string(),
  process: z.object({ pid: z.number() }),
  argv: z.array(z.string()).optional(),
  child: z.object({ pid: z.number() }).optional(),
});

test('BPF, PERFMON, SYS_PTRACE and DAC_READ_SEARCH are enough', async ({ kernel }) => {
  const capabilities = '-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search';
  const lines = await session(kernel, ['setpriv', `--bounding-set=${capabilities}`, '--inh-caps=-all']);
  expect(lines.join('\n')).toContain('exec         /usr/bin/true ["/bin/true","traced"]');
});

test('processes have the numbers of the pid namespace that the agent is in', async ({ kernel }) => {
  const [pid, ...lines] = await session(kernel, ['unshare', '--pid', '--fork', '--mount-proc'], '--json');
  const events = lines.map((line) => lineSchema.parse(JSON.parse(line)));
  const fork = events.find((event) => event.type === 'fork');
  const exec = events.find((event) => event.type === 'exec');
  expect(fork?.process.pid).toBe(Number(pid));
  expect(exec?.argv).toEqual(['/bin/true', 'traced']);
  expect(exec?.process.pid).toBe(fork?.child?.pid);
});

test('--hash tells what was executed, by its content', async ({ kernel }) => {
  const lines = await session(kernel, [], '--hash');
  const hash = createHash('sha256').update(readFileSync('/usr/bin/cat')).digest('hex');
  expect(lines.join('\n')).toContain(`hash         /usr/bin/cat ${hash}`);
});
