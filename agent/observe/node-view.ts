/** What observation needs to know of its node, apart from events; read from the cgroup file system and /proc. */
import { lookUpBundle, type Lookup } from '../identify/bundle.ts';
import { pathBelowMount } from '../identify/cgroup-path.ts';
import { type Cgroup, listCgroups, nestedCgroups, processesBelow } from '../identify/cgroup-tree.ts';
import { type Baseline, parentOf, readBaseline } from '../identify/proc-baseline.ts';
import { oldestStart } from '../identify/proc-stat.ts';

export interface NodeView {
  /** All cgroups of the pods of this node, parents first. */
  cgroups(): readonly Cgroup[];
  /** Path below the mount point of a cgroup that an event names. */
  localPath(eventPath: string): string;
  /** @param supervisor pid of the shim or of conmon. */
  lookUp(containerId: string, supervisor: number): Lookup;
  /** Supervisor of a container that runs; undefined if it has ended. */
  supervisor(cgroupPath: string): number | undefined;
  baseline(cgroupPath: string): Baseline;
  /** Cgroups that a container has made below its own, at most `limit`. */
  nested(cgroupPath: string, limit: number): readonly bigint[];
  /** When the oldest process of a container began, milliseconds since the epoch; undefined if it has ended. */
  runningSince(cgroupPath: string): number | undefined;
}

export interface NodeViewOptions {
  readonly hostProc: string;
  /** Mount point of the watched hierarchy. */
  readonly mountPoint: string;
  readonly kubepods: string;
}

export function createNodeView({ hostProc, mountPoint, kubepods }: NodeViewOptions): NodeView {
  return {
    cgroups: () => listCgroups(mountPoint, kubepods),
    localPath: (eventPath) => pathBelowMount(eventPath, kubepods),
    lookUp: (containerId, supervisor) => lookUpBundle(hostProc, supervisor, containerId),
    supervisor: (cgroupPath) => {
      const pids = new Set(processesBelow(mountPoint, cgroupPath));
      // The supervisor is the one parent that is not itself in the container; mostly the first process knows it.
      for (const pid of pids) {
        const parent = parentOf(hostProc, pid);
        if (parent !== undefined && parent > 0 && !pids.has(parent)) return parent;
      }
      return undefined;
    },
    baseline: (cgroupPath) => readBaseline(hostProc, processesBelow(mountPoint, cgroupPath)),
    nested: (cgroupPath, limit) => nestedCgroups(mountPoint, cgroupPath, limit),
    runningSince: (cgroupPath) => oldestStart(hostProc, processesBelow(mountPoint, cgroupPath)),
  };
}
