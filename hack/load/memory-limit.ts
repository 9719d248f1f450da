/** A memory cgroup with a limit, as a container has one: Node sizes its heap by it, and the kernel ends what exceeds it. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export interface MemoryLimit {
  /** Put before a command, they make it run under the limit. */
  readonly command: readonly string[];
  /** The most that was charged at any time, page cache included, in bytes. */
  peak(): number;
  /** When nothing runs under it any more. */
  remove(): void;
}

const values = new URL('../../charts/workload-security/values.yaml', import.meta.url).pathname;
const chartValues = z.object({
  operator: z.object({ resources: z.object({ limits: z.object({ memory: z.string().regex(/^\d+Mi$/) }) }) }),
});

/** The limit that the chart gives the operator, in MiB. */
export function chartLimitMiB(): number {
  const { operator } = chartValues.parse(parse(readFileSync(values, 'utf8')));
  return Number.parseInt(operator.resources.limits.memory, 10);
}

const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';

/** @throws Error if this process may not make cgroups, or there is no memory controller */
export function memoryLimit(name: string, bytes: number): MemoryLimit {
  const v1 = '/sys/fs/cgroup/memory';
  const [root, limit, peak] = existsSync(v1)
    ? [v1, 'memory.limit_in_bytes', 'memory.max_usage_in_bytes']
    : ['/sys/fs/cgroup', 'memory.max', 'memory.peak'];
  const directory = join(root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, limit), String(bytes));
  return {
    command: ['/bin/sh', '-c', enter, directory],
    peak: () => Number(readFileSync(join(directory, peak), 'utf8')),
    remove: () => rmdirSync(directory),
  };
}
