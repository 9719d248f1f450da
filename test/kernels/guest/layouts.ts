/** Ways to mount cgroups, as distributions do. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `unified` is v2 alone; `hybrid` is v1 by controller with an empty v2 beside it; `legacy` is v1 alone. */
export const layouts = ['unified', 'hybrid', 'legacy'] as const;
export type Layout = (typeof layouts)[number];

const root = '/sys/fs/cgroup';

/** Controllers that share a hierarchy on usual machines stand together. Newer kernels have lost some for v1. */
const v1Hierarchies = [['memory'], ['pids'], ['cpu', 'cpuacct'], ['freezer']] as const;

const busybox = (...words: readonly string[]): void => void execFileSync('/bin/busybox', words);

/** Hierarchies that this kernel has for v1: Debian's newer ones are built without memory, for example. */
function mountController(controllers: readonly string[]): string | undefined {
  const point = `${root}/${controllers.join(',')}`;
  busybox('mkdir', '-p', point);
  try {
    execFileSync('/bin/busybox', ['mount', '-t', 'cgroup', '-o', controllers.join(','), 'none', point], {
      stdio: 'ignore',
    });
    return point;
  } catch {
    busybox('rmdir', point);
    return undefined;
  }
}

export interface MountedLayout {
  /** Mount points of all hierarchies. */
  readonly hierarchies: readonly string[];
  unmount(): void;
}

export function mountLayout(layout: Layout): MountedLayout {
  if (layout === 'unified') {
    busybox('mount', '-t', 'cgroup2', 'none', root);
    return { hierarchies: [root], unmount: () => busybox('umount', root) };
  }
  busybox('mount', '-t', 'tmpfs', 'none', root);
  const hierarchies = v1Hierarchies.flatMap((controllers) => mountController(controllers) ?? []);
  if (layout === 'hybrid') {
    busybox('mkdir', `${root}/unified`);
    busybox('mount', '-t', 'cgroup2', 'none', `${root}/unified`);
    hierarchies.push(`${root}/unified`);
  }
  const unmount = (): void => {
    for (const point of [...hierarchies, root]) busybox('umount', point);
  };
  return { hierarchies, unmount };
}

/** The security modules in force, which say whether BPF may be one. */
export function securityModules(): string[] {
  return readFileSync('/sys/kernel/security/lsm', 'utf8').trim().split(',');
}
