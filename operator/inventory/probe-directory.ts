/** Exec probes of the pods of each node, as the node's agent is told them. */
import { type ContainerProbes, maxContainerProbes } from '../../core/wire/agent.ts';
import type { PodProjection } from './pod.ts';

export interface NodeProbes {
  /** In a stable order. */
  readonly told: readonly ContainerProbes[];
  /** How many containers there are beyond the limit. */
  readonly leftOut: number;
}

const none: NodeProbes = { told: [], leftOut: 0 };

interface OfNode {
  readonly pods: Map<string, readonly ContainerProbes[]>;
  /** Made when somebody asks, and again when a pod changes. */
  list: NodeProbes | undefined;
}

export class ProbeDirectory {
  readonly #nodes = new Map<string, OfNode>();

  set(pod: PodProjection, old: PodProjection | undefined): void {
    if (old !== undefined) this.delete(old);
    if (pod.probes === undefined || pod.finished || pod.node === '') return;
    const { cgroupUid: podUid } = pod;
    const ofNode = this.#nodes.get(pod.node) ?? { pods: new Map(), list: undefined };
    const probes = pod.probes.map(({ container, digests }) => ({ podUid, container, digests: [...digests] }));
    ofNode.pods.set(pod.uid, probes);
    ofNode.list = undefined;
    this.#nodes.set(pod.node, ofNode);
  }

  delete({ uid, node }: PodProjection): void {
    const ofNode = this.#nodes.get(node);
    if (ofNode?.pods.delete(uid) !== true) return;
    ofNode.list = undefined;
    if (ofNode.pods.size === 0) this.#nodes.delete(node);
  }

  of(node: string): NodeProbes {
    const ofNode = this.#nodes.get(node);
    if (ofNode === undefined) return none;
    ofNode.list ??= listOf(ofNode.pods);
    return ofNode.list;
  }
}

function listOf(pods: ReadonlyMap<string, readonly ContainerProbes[]>): NodeProbes {
  const all = [...pods].toSorted(([left], [right]) => (left < right ? -1 : 1)).flatMap(([, probes]) => probes);
  return { told: all.slice(0, maxContainerProbes), leftOut: Math.max(0, all.length - maxContainerProbes) };
}
