/**
 * A node as a runtime and the kubelet lay it out: what of /proc, the cgroup file systems and the runtime's state the agent
 * reads, written down. Made by hack/runtimes/record.ts on a real node, or put together from a runtime's sources.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const pid = z.number().int().positive();

export const recordedBundle = z.object({
  annotations: z.record(z.string(), z.string()).optional(),
  process: z.object({ args: z.array(z.string()) }),
});

export const recordedNode = z.strictObject({
  /** Where cgroups are mounted, and what /proc says of them. */
  cgroupRoot: z.string(),
  procMounts: z.array(z.string()),
  procCgroups: z.array(z.string()),
  /** Expected: the hierarchy to watch, and in it the kubelet's own cgroup. */
  mountPoint: z.string(),
  kubepods: z.string(),
  /** What the kernel puts before paths below the mount point, on a node that is a container itself. */
  kernelPrefix: z.string().optional(),
  /** Pids by cgroup, paths below the mount point. */
  cgroups: z.record(z.string(), z.array(pid)),
  /** Parents of the containers' processes. */
  parents: z.record(z.string(), pid),
  /** Shims and monitors, by pid. */
  supervisors: z.record(z.string(), z.strictObject({ command: z.array(z.string()), cwd: z.string() })),
  /** Of each config.json, by the folder that holds it, what is read. */
  bundles: z.record(z.string(), recordedBundle),
  /** Expected: every container, and nothing else. */
  containers: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.enum(['container', 'sandbox']),
      /** Of the cgroup: the kubelet's word. */
      podUid: z.string(),
      name: z.string(),
      podName: z.string(),
      podNamespace: z.string(),
    }),
  ),
});
export type RecordedNode = z.output<typeof recordedNode>;

export interface Rebuilt {
  /** Stand-ins for the mounted hierarchy and for /proc. */
  readonly mountPoint: string;
  readonly proc: string;
  remove(): void;
}

/** Lays a recorded node out as folders and files, which are read by the same calls as the real thing. */
export function rebuild(node: RecordedNode): Rebuilt {
  const top = mkdtempSync(join(tmpdir(), 'wsp-node-'));
  const folder = (...parts: readonly string[]): string => {
    const path = join(top, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const root = folder('root');
  for (const [path, pids] of Object.entries(node.cgroups)) {
    writeFileSync(join(folder('cgroup', path), 'cgroup.procs'), pids.map((each) => `${each}\n`).join(''));
  }
  for (const [child, parent] of Object.entries(node.parents)) {
    writeFileSync(join(folder('proc', child), 'status'), `Name:\tx\nPPid:\t${parent}\n`);
  }
  for (const [path, config] of Object.entries(node.bundles)) {
    writeFileSync(join(folder('root', path), 'config.json'), JSON.stringify({ ociVersion: '1.0.2', ...config }));
  }
  for (const [supervisor, { command, cwd }] of Object.entries(node.supervisors)) {
    const own = folder('proc', supervisor);
    writeFileSync(join(own, 'cmdline'), command.map((argument) => `${argument}\0`).join(''));
    symlinkSync(folder('root', cwd), join(own, 'cwd'));
    symlinkSync(root, join(own, 'root'));
  }
  return {
    mountPoint: folder('cgroup'),
    proc: folder('proc'),
    remove: () => rmSync(top, { recursive: true }),
  };
}
