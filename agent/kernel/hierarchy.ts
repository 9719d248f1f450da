/**
 * Which cgroup hierarchy names containers on this node. With cgroup v2 there is one. With v1 each container has a cgroup in
 * every controller's hierarchy, ids are unique per hierarchy only, and one has to be chosen for good.
 */
import { readFileSync } from 'node:fs';

/** `enum cgroup_source` of agent/bpf/config.h. */
export const CgroupSource = { unified: 0, memory: 1, pids: 2, cpu: 3, cpuset: 4, freezer: 5 } as const;
export type CgroupSourceName = keyof typeof CgroupSource;

export interface CgroupHierarchy {
  readonly source: CgroupSourceName;
  /** Number of the hierarchy in the kernel's own count; 0 is v2. */
  readonly id: number;
  /** Its paths and inodes are those of the cgroups that events speak of. */
  readonly mountPoint: string;
}

/**
 * Controllers in the order of preference: kubelet and the container runtimes need the first ones to exist, and place
 * every container in each that is mounted.
 */
const v1Controllers = ['memory', 'pids', 'cpu', 'cpuset', 'freezer'] as const satisfies readonly CgroupSourceName[];

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Lines of /proc/self/mounts: device, mount point, type, options. Spaces in a path are `\040`. */
function parseMounts(text: string): Mount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length >= 4)
    .map(([, point = '', type = '', options = '']) => ({
      point: point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      type,
      options: options.split(','),
    }));
}

/** Hierarchy numbers by controller: columns subsys_name, hierarchy, num_cgroups, enabled. */
function parseControllers(text: string): Map<string, number> {
  const rows = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  return new Map(rows.map(([name = '', hierarchy]) => [name, Number(hierarchy)]));
}

/**
 * Decides as the container runtimes do: v2 if `root` itself is a v2 mount, else v1 by its controllers (also where a v2
 * hierarchy without controllers is mounted beside them, and runtimes may or may not place containers in it), else any v2.
 * @param procCgroups text of /proc/cgroups
 * @param procMounts text of /proc/self/mounts
 * @param root where cgroups are mounted, `/sys/fs/cgroup` or where a pod sees the host's
 * @throws Error if neither is mounted below `root`.
 */
export function chooseHierarchy(procCgroups: string, procMounts: string, root: string): CgroupHierarchy {
  const mounts = parseMounts(procMounts).filter((mount) => mount.point === root || mount.point.startsWith(`${root}/`));
  const unified = mounts.filter((mount) => mount.type === 'cgroup2');
  const atRoot = unified.find((mount) => mount.point === root);
  if (atRoot) return { source: 'unified', id: 0, mountPoint: atRoot.point };

  const numbers = parseControllers(procCgroups);
  for (const controller of v1Controllers) {
    const mount = mounts.find((each) => each.type === 'cgroup' && each.options.includes(controller));
    const id = numbers.get(controller) ?? 0;
    if (mount && id > 0) return { source: controller, id, mountPoint: mount.point };
  }
  const [beside] = unified;
  if (beside) return { source: 'unified', id: 0, mountPoint: beside.point };
  throw new Error(`no cgroup hierarchy is mounted at ${root}: mount the host's /sys/fs/cgroup there`);
}

export function findHierarchy(root: string): CgroupHierarchy {
  return chooseHierarchy(readFileSync('/proc/cgroups', 'utf8'), readFileSync('/proc/self/mounts', 'utf8'), root);
}
