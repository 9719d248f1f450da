/** What observation needs to know of its node, apart from events; read from the cgroup file system and /proc. */
import { lookUpBundle, type Lookup } from '../identify/bundle.ts';
import { type Cgroup, listCgroups, processesBelow } from '../identify/cgroup-tree.ts';
import { type Baseline, parentOf, readBaseline } from '../identify/proc-baseline.ts';

export interface NodeView {
  /** All cgroups of the pods of this node, parents first. */
  cgroups(): readonly Cgroup[];
  /** @param supervisor pid of the shim or of conmon. */
  lookUp(containerId: string, supervisor: number): Lookup;
  /** Supervisor of a container that runs; undefined if it has ended. */
  supervisor(cgroupPath: string): number | undefined;
  baseline(cgroupPath: string): Baseline;
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
    lookUp: (containerId, supervisor) => lookUpBundle(hostProc, supervisor, containerId),
    supervisor: (cgroupPath) => {
      const pids = processesBelow(mountPoint, cgroupPath);
      // The supervisor is the one parent that is not itself in the container.
      const parents = pids.map((pid) => parentOf(hostProc, pid));
      return parents.find((parent) => parent !== undefined && parent > 0 && !pids.includes(parent));
    },
    baseline: (cgroupPath) => readBaseline(hostProc, processesBelow(mountPoint, cgroupPath)),
  };
}
