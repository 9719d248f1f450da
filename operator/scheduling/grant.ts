/** The words of scheduling. Times are milliseconds of a monotonic clock; {@link Clock.monotonic}. */
import type { Image } from '../../core/image.ts';
import type { ReportedContainer } from '../../core/wire/agent.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import type { ProfileRecord } from '../store/store.ts';
import type { ExclusionMatcher } from './exclusion.ts';

/** A slot as the operator gave it: the right of one container to be profiled for one period. */
export interface Grant {
  readonly slotId: string;
  readonly containerId: string;
  readonly node: string;
  readonly image: Image;
  readonly periodSeconds: number;
  readonly grantedAt: number;
  /** The container had ended before: its tree is complete, and the grant ends with the upload. */
  readonly finished: boolean;
  /** Start of the agent that it was given to, see `instance` of the report. */
  readonly instance: string;
  /** First version of the node's desired state that carries it. */
  readonly version: number;
  /** When the agent first reported that it profiles under this slot. */
  readonly confirmedAt?: number;
}

/** The profiling part of the settings, ready for use. */
export interface SchedulingSettings {
  readonly enabled: boolean;
  readonly maxContainersPerNode: number;
  readonly periodSeconds: number;
  readonly startPhaseSeconds: number;
  readonly excluded: ExclusionMatcher;
}

export type ProfileFacts = Pick<ProfileRecord, 'state' | 'snapshots' | 'containers' | 'compiled'>;

/** What the operator remembers of a container that agents report. */
export interface ContainerHistory {
  readonly firstReportedAt: number;
  /** Grants so far, those that run included. */
  readonly grants: number;
  /** It has ended and its snapshot was answered: nothing more can come. */
  readonly done: boolean;
  /** How long it was profiled, in periods whose snapshots have arrived. */
  readonly watchedMs: number;
}

export type AgentCondition =
  { readonly state: 'ready' } | { readonly state: 'not-ready' | 'unreachable'; readonly why: string };

/** One node as it is before a plan. */
export interface NodeSituation {
  readonly node: string;
  readonly agent: AgentCondition;
  readonly instance: string;
  /** Version of the desired state that the agent ran when it reported. */
  readonly runningVersion: number;
  readonly containers: readonly ReportedContainer[];
  readonly histories: ReadonlyMap<string, ContainerHistory>;
  /** Grants that have not ended. */
  readonly grants: readonly Grant[];
  /** When a container last was reported that had ended before it got a slot. */
  readonly shortLivedAt?: number;
}

/** How much an image was taught, on all nodes together. */
export interface ImageActivity {
  /** Grants that have not ended. */
  readonly running: number;
  /** Since when it waits: its last grant, or its first appearance. */
  readonly waitingSince: number;
}

export interface PlanContext {
  readonly now: number;
  readonly settings: SchedulingSettings;
  readonly container: (id: string) => ContainerRecord | undefined;
  readonly profile: (image: Image) => ProfileFacts | undefined;
  /** What containers of this namespace teach the image is refused. */
  readonly hasTaughtShare: (image: Image, namespace: string) => boolean;
  readonly activity: (image: Image) => ImageActivity | undefined;
  /** A pod of this product itself. */
  readonly isOwnPod: (record: ContainerRecord) => boolean;
  /** The slot was given by an operator that ran before this one. */
  readonly isEarlierSlot: (slotId: string) => boolean;
}

/** Arithmetic of time, in milliseconds. */
export const times = {
  /** A grant outlasts its period by this: the way to the agent (one report, 15 s), the upload and its retries. */
  expiryGrace: 120_000,
  /** Time for an agent that runs the version with the grant to report that it profiles: two reports. */
  takeUp: 30_000,
  /** Time for the API server to tell of a container that an agent has seen already; its start is kept for 60 s. */
  unknownContainer: 120_000,
  /** An agent that was not heard of for eight reports. */
  unreachable: 120_000,
  /**
   * Uploads are taken this long after their grant ended, or was given by an operator before this one. Longer would be of no
   * use: the inventory forgets containers that ended 60 minutes ago, and what it does not know is not merged.
   */
  uploadGrace: 3_600_000,
  /** A node that had a container which ended within seconds is expected to have another within this time. */
  shortLivedMemory: 600_000,
} as const;
