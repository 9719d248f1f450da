/**
 * Finds the pods of the node that this agent watches. Several clusters may share one machine, each with a `kubepods` of
 * its own: an agent in a pod belongs to the one that holds its own process. Its own cgroup path would not tell: in a
 * cgroup namespace it is just `/`.
 */
import { cgroupId, findKubepods, listCgroups, processesBelow } from './cgroup-tree.ts';

export type OwnKubepods =
  | { readonly found: true; readonly kubepods: string; readonly podUid?: string }
  | { readonly found: false; readonly reason: string };

export interface OwnKubepodsOptions {
  /** Mount point of the hierarchy. */
  readonly mountPoint: string;
  /** Our own pid, as the cgroup files show it: the agent shares the pid namespace of the node. */
  readonly pid: number;
  /** Path below the mount point, where the agent runs outside of the cluster it watches. */
  readonly configured?: string;
}

function holdingPod(mountPoint: string, kubepods: string, pid: number): string | undefined {
  for (const { path, place } of listCgroups(mountPoint, kubepods)) {
    if (place.level === 'container' && processesBelow(mountPoint, path).includes(pid)) return place.podUid;
  }
  return undefined;
}

/** Not found may change: kubelet makes its cgroups when it starts. */
export function findOwnKubepods({ mountPoint, pid, configured }: OwnKubepodsOptions): OwnKubepods {
  if (configured !== undefined) {
    if (cgroupId(mountPoint, configured) !== undefined) return { found: true, kubepods: configured };
    return { found: false, reason: `WSP_KUBEPODS_CGROUP names ${configured}, which is not below ${mountPoint}` };
  }
  const candidates = findKubepods(mountPoint);
  for (const kubepods of candidates) {
    const podUid = holdingPod(mountPoint, kubepods, pid);
    if (podUid !== undefined) return { found: true, kubepods, podUid };
  }
  const [only, ...others] = candidates;
  if (only === undefined)
    return { found: false, reason: `kubelet has made no kubepods cgroup below ${mountPoint} yet` };
  if (others.length === 0) return { found: true, kubepods: only };
  const reason = `several clusters share this machine and none of them holds this agent; set WSP_KUBEPODS_CGROUP to one of ${candidates.join(', ')}`;
  return { found: false, reason };
}
