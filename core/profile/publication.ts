/** What of a profile goes into its SecurityProfile object: the content of its spec, apart from image and seal. */
import type { Actor, FileAccess, Kind, NetworkDirection, Phase } from '../activity/snapshot.ts';
import type { BlindSpotUse, Coverage } from './completeness.ts';
import type { BehaviourKind } from './evidence.ts';
import type { NamedWorkloads } from './named-workloads.ts';
import type { Peer } from './peer.ts';

/** Integers 0–100, absent where there are none. */
interface Scored {
  readonly commonality?: number;
  /** Of the periods of the only container (recurrence.ts). */
  readonly recurrence?: number;
}

/** How alike the containers are in what one process does; absent where it does nothing of a kind, or where one container is alone. */
export interface PublishedCommonalityOf {
  readonly files?: number;
  readonly dns?: number;
  readonly network?: number;
}

export interface PublishedProcess extends Scored {
  readonly id: string;
  readonly parentId?: string;
  readonly executable: string;
  readonly applet?: string;
  readonly script?: string;
  readonly inline?: true;
  readonly maxInstances: number;
  readonly actors: readonly Actor[];
  readonly phases: readonly Phase[];
  readonly commonalityOf?: PublishedCommonalityOf;
}

/** Of a path, name or address block that stands for many: by which rule, about how many it was, and a few of them. */
export interface PublishedPattern {
  readonly rule: 'signature' | 'any' | 'blocks';
  readonly count: number;
  readonly examples: readonly string[];
}

/** Ways of using one file that equally many containers share stand in one entry. */
export interface PublishedFile extends Scored {
  readonly processId: string;
  readonly path: string;
  readonly pattern?: PublishedPattern;
  readonly access: readonly FileAccess[];
  /** Only if not the same as for its process. */
  readonly actors?: readonly Actor[];
}

export interface PublishedDns extends Scored {
  readonly processId: string;
  readonly name: string;
  readonly pattern?: PublishedPattern;
  readonly types: readonly string[];
}

export interface PublishedNetwork extends Scored {
  readonly processId: string;
  readonly direction: NetworkDirection;
  readonly protocol: 'tcp' | 'udp' | 'other';
  /** Absent for bind and listen. */
  readonly peer?: string;
  /** The peer of a connect in parts. */
  readonly peerRef?: Peer;
  /** Of a block that stands for many. */
  readonly pattern?: PublishedPattern;
  /** Absent if the kernel chose it. */
  readonly port?: number;
  /** One of several containers made the block so wide: it is shown, and what lies in it is not known. */
  readonly oneContainer?: true;
}

export interface PublishedBehavior {
  readonly processes: readonly PublishedProcess[];
  readonly files: readonly PublishedFile[];
  readonly dns: readonly PublishedDns[];
  readonly network: readonly PublishedNetwork[];
  /** Of the containers as a whole, sorted. Absent if none were watched for them. */
  readonly syscalls?: readonly string[];
  readonly capabilities?: readonly string[];
}

export interface PublishedEvidence extends NamedWorkloads {
  readonly snapshots: number;
  readonly containers: number;
  readonly nodes: number;
  /** RFC 3339; absent without snapshots. */
  readonly firstSeen?: string;
  readonly lastSeen?: string;
  readonly digests: readonly string[];
  readonly completeness: Coverage & {
    readonly startsSeen: number;
    readonly lostPeriods: number;
    readonly kindsCollected: readonly Kind[];
    /** Absent if none was used. */
    readonly blindSpots?: readonly BlindSpotUse[];
  };
  /** Left out of this object, or beyond the limits of the store. */
  readonly omitted: Readonly<Record<BehaviourKind, number>>;
  /** What only probes and people at terminals showed, and blocks of `oneContainer`: kept, and not known. */
  readonly setAside: Readonly<Record<BehaviourKind, number>>;
  /** `sha256:…` of the encoded evidence. */
  readonly contentDigest: string;
}

export interface Publication {
  readonly behavior: PublishedBehavior;
  readonly evidence: PublishedEvidence;
  /** Of the profile; absent with fewer than two containers. */
  readonly commonality?: number;
  /** Of the profile; absent with more than one container, or fewer than eight periods of it. */
  readonly recurrence?: number;
  /** Behaviours that are left out because they are quarantined. */
  readonly quarantined: number;
}

export const publicationLimits = {
  /**
   * 192 KiB for the whole object, of which 8 KiB are for what stands beside this content: image, seal, field names, metadata
   * with 0.5 KiB of managed fields, and a status whose conditions have at most 1 KiB each.
   */
  bytes: 184 * 1024,
  /** Entries per list and characters per path that the resource's schema takes. */
  entries: 4_000,
  pathLength: 4_096,
  workloads: 64,
  digests: 64,
} as const;
