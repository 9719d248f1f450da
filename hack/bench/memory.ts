/**
 * Memory of the product's own processes in a running cluster: resident set of each process, and what the kernel charges
 * to the container's cgroup (page cache and kernel memory of BPF maps included). Absolute figures, in MiB.
 */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from './measurement.ts';
import { statusBytes } from './process.ts';

export const mebibyte = 1024 * 1024;

interface PodContainer {
  readonly name: string;
  readonly id: string;
}

function processesIn(cgroup: string): string[] {
  return readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
}

/** The directory of a container's memory cgroup: v1 and v2 name it by the container's ID. */
function memoryCgroup(containerId: string): string | undefined {
  const root = existsSync('/sys/fs/cgroup/memory') ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isDirectory() && entry.name.includes(containerId),
  );
  return found === undefined ? undefined : join(found.parentPath, found.name);
}

/** Bytes that the kernel charges to a memory cgroup; undefined where the directory is none. */
export function charged(cgroup: string): number | undefined {
  const file = ['memory.current', 'memory.usage_in_bytes'].map((name) => join(cgroup, name)).find(existsSync);
  return file === undefined ? undefined : Number(readFileSync(file, 'utf8'));
}

/** One row for resident memory and one for the cgroup's charge of every container given. */
export function measureMemory(containers: readonly PodContainer[]): Measurement[] {
  return containers.flatMap(({ name, id }) => {
    const cgroup = memoryCgroup(id);
    if (cgroup === undefined) throw new Error(`${name}: no memory cgroup for container ${id} on this machine`);
    const resident = processesIn(cgroup).reduce((sum, pid) => sum + statusBytes(pid, 'VmRSS'), 0);
    return [
      { what: `${name}: resident memory`, value: Math.round((resident / mebibyte) * 10) / 10, unit: 'MiB' },
      {
        what: `${name}: memory charged to its cgroup`,
        value: Math.round(((charged(cgroup) ?? 0) / mebibyte) * 10) / 10,
        unit: 'MiB',
      },
    ];
  });
}
