/**
 * What a cgroup path says about a container. Below kubelet's `kubepods` come the quality-of-service class (none for
 * Guaranteed), the pod and the container, written in two ways by kubelet and differently by each runtime:
 *
 *     cgroupfs  /kubepods/burstable/pod6f2c…/0123…                                       (CRI-O: crio-0123…)
 *     systemd   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6f2c_….slice/cri-containerd-0123….scope
 *
 * What stands before `kubepods` (`cgroupRoot`, the container of a node that is a container) and what lies below a
 * container (a delegated subtree) does not matter.
 */

export type CgroupPlace =
  | { readonly level: 'kubepods' }
  | { readonly level: 'qos' }
  | { readonly level: 'pod'; readonly podUid: string }
  | { readonly level: 'container'; readonly podUid: string; readonly containerId: string }
  | { readonly level: 'nested'; readonly podUid: string; readonly containerId: string }
  | { readonly level: 'other' };

const kubepods = /^(?:[\w.:]+-)*kubepods(?:\.slice)?$/;
const qos = /^(?:.*-)?(?:besteffort|burstable)(?:\.slice)?$/;
/** A UUID, with `_` for `-` in a slice; of a static pod the 32 digits of a hash. */
const pod = /^(?:.*-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;
/**
 * `crio-conmon-….scope` is CRI-O's own process beside the container. `crio-0123…` in a slice, without `.scope`, is empty: CRI-O
 * makes it for the statistics of a pod that needs no pause container.
 */
const empty = /^crio-[0-9a-f]{64}$/;
const container = /^(?:(?:cri-containerd|crio|docker|libpod)[-:])?([0-9a-f]{64})(?:\.scope)?$/;

/** Whether `element` names the directory below which kubelet keeps its pods. */
export function isKubepods(element: string): boolean {
  return kubepods.test(element);
}

/**
 * The kernel's events name cgroups from the root of the machine. On a node that is itself a container (kind, k3d) its mount
 * begins further in: what the event has before the node's own `kubepods` is cut off.
 */
export function pathBelowMount(eventPath: string, kubepods: string): string {
  return eventPath.slice(Math.max(0, `${eventPath}/`.lastIndexOf(`${kubepods}/`)));
}

export function placeOf(path: string): CgroupPlace {
  const elements = path.split('/').filter((element) => element !== '');
  const top = elements.findIndex(isKubepods);
  if (top < 0) return { level: 'other' };
  const below = elements.slice(top + 1);
  if (below.length === 0) return { level: 'kubepods' };
  const inClass = qos.test(below[0] ?? '') && !pod.test(below[0] ?? '');
  const [podElement, containerElement, ...deeper] = inClass ? below.slice(1) : below;
  if (podElement === undefined) return { level: 'qos' };
  return placeInPod(podElement, containerElement, deeper.length > 0);
}

function placeInPod(podElement: string, containerElement: string | undefined, deeper: boolean): CgroupPlace {
  const podUid = pod.exec(podElement)?.[1]?.replaceAll('_', '-');
  if (podUid === undefined) return { level: 'other' };
  if (containerElement === undefined) return { level: 'pod', podUid };
  if (podElement.endsWith('.slice') && empty.test(containerElement)) return { level: 'other' };
  const containerId = container.exec(containerElement)?.[1];
  if (containerId === undefined) return { level: 'other' };
  return { level: deeper ? 'nested' : 'container', podUid, containerId };
}
