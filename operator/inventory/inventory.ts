/**
 * What the operator knows of the cluster from the API server: which containers there are, where they run, and whose
 * address was whose at a given time. The only authority on these: nothing that an agent says about them is believed.
 */
import type { Image } from '../../core/image.ts';
import type { Peer } from '../../core/profile/peer.ts';
import type { Labels } from './pod.ts';
import type { NodeProbes } from './probe-directory.ts';

export interface ContainerRecord {
  /** 64 hexadecimal digits, without the runtime's prefix. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
  readonly image: Image;
  /** `sha256:…` from the pod's status, once it is there. */
  readonly digest?: string;
  readonly pod: {
    readonly uid: string;
    readonly namespace: string;
    readonly name: string;
    /** Label `app.kubernetes.io/part-of`: in its own namespace the operator knows its own pods by it. */
    readonly partOf?: string;
    /** Those that the settings name, if it has any. */
    readonly labels?: Labels;
  };
  readonly workload: { readonly kind: string; readonly name: string };
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

/** What was asked about, and when: addresses change hands. */
export interface PeerQuestion {
  /** Who asks: the addresses of this pod are its own. */
  readonly podUid?: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'other';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ResolvedPeer {
  readonly peer: Peer;
  /** Port under which the peer is known: the Service's own port, also when a pod was dialled on its target port. */
  readonly port: number;
}

export interface Inventory {
  /** Running, ended, or deleted up to 60 minutes ago. */
  container(id: string): ContainerRecord | undefined;
  /** All of these. */
  all(): Iterable<ContainerRecord>;
  /** All that are not ended. */
  running(): Iterable<ContainerRecord>;
  /** Of these, those on a node; costs what they are. */
  runningOn(node: string): Iterable<ContainerRecord>;
  /** Names of the nodes that have any, in no order. */
  nodes(): Iterable<string>;
  /** Of all, those of an image; costs what they are. */
  ofImage(image: Image): Iterable<ContainerRecord>;
  resolve(question: PeerQuestion): ResolvedPeer;
  /** What the kubelet of this node runs in the containers of its pods. */
  probes(node: string): NodeProbes;
}
