/** The SecurityProfile kind: what is known about one image, and where learning stands. */
import type { Condition, Count, LabelKey, ObjectMeta, Percent, PerMillion, Timestamp } from './common.ts';
import type { Behavior, BehaviorKind } from './security-profile-behavior.ts';

/**
 * What the containers of one image do: the processes they run, the files these touch, the names they resolve and whom
 * they talk to, each with its commonality, which says how usual it is. Learned by the operator from kernel activity.
 * Delete the object to learn anew; the operator keeps the old profile in its archive.
 * @plural securityprofiles
 * @scope Cluster
 * @shortName wsp
 * @category workload-security
 * @printerColumn Image string .spec.image.name
 * @printerColumn Tag string .spec.image.tag
 * @printerColumn Status string .status.state
 * @printerColumn Commonality integer .status.commonality
 * @printerColumn Snapshots integer .status.snapshots
 * @printerColumn Containers integer .status.containers
 * @printerColumn Recurrence integer .status.recurrence wide
 * @printerColumn Nodes integer .status.nodes wide
 * @printerColumn Processes integer .status.processes wide
 * @printerColumn Files integer .status.files wide
 * @printerColumn DNS integer .status.dns wide
 * @printerColumn Network integer .status.network wide
 * @printerColumn Lost integer .status.lost wide
 * @printerColumn Quarantined integer .status.quarantined wide
 * @printerColumn Fingerprints integer .status.compiled.fingerprints wide
 * @printerColumn Watched string .status.scheduling.watched wide
 * @printerColumn Why string .status.scheduling.reason wide
 * @printerColumn Updated date .status.lastUpdated
 * @printerColumn Age date .metadata.creationTimestamp
 */
export interface SecurityProfile {
  readonly apiVersion: 'workloadsecurity.dev/v1alpha1';
  readonly kind: 'SecurityProfile';
  readonly metadata: ObjectMeta;
  /** What was learned, written by the operator. */
  readonly spec: SecurityProfileSpec;
  /** Where learning stands, written by the operator. */
  readonly status?: SecurityProfileStatus;
}

/**
 * What was learned about one image. One writer replaces it whole: of a field that only somebody else wrote, server-side apply
 * would leave what stands there.
 * @mapType atomic
 * @validation !has(oldSelf.sealed) || !oldSelf.sealed || self == oldSelf :: the profile is sealed and cannot be changed; delete it to learn anew
 */
export interface SecurityProfileSpec {
  /**
   * The image that the profile is about.
   * @immutable
   */
  readonly image: ProfileImage;
  /** The profile is finished: its spec can no longer be changed by anyone. */
  readonly sealed?: boolean;
  /** What containers of the image do. */
  readonly behavior: Behavior;
  /** What the profile was learned from, and how complete that is. */
  readonly evidence: Evidence;
}

/** Image as the pod asked for it, normalised. */
export interface ProfileImage {
  /**
   * Registry and repository, for example docker.io/library/nginx.
   * @minLength 3
   * @maxLength 255
   * @pattern ^[a-z0-9\[][a-z0-9.:_\[\]-]*(/[a-z0-9][a-z0-9._-]*)+$
   */
  readonly name: string;
  /**
   * Tag; latest if the pod gave none, the first 12 digits of the digest if it gave only that.
   * @maxLength 128
   * @pattern ^[A-Za-z0-9_][A-Za-z0-9_.-]*$
   */
  readonly tag: string;
}

/** What the profile was learned from. */
export interface Evidence {
  /** Snapshots that were merged; one is the activity of one container over one period. */
  readonly snapshots: Count;
  /** Containers that were profiled. */
  readonly containers: Count;
  /** Nodes on which they ran. */
  readonly nodes: Count;
  /**
   * Workloads that they belong to, as namespace/Kind/name: one of each namespace before a second of any.
   * @maxItems 64
   * @listType atomic
   */
  readonly workloads: readonly WorkloadName[];
  /** Workloads beyond, which are not named here; absent if there are none. GET /api/v1/profiles/NAME of the operator names them. */
  readonly workloadsOmitted?: Count;
  /** Start of the earliest period. */
  readonly firstSeen?: Timestamp;
  /** End of the latest period. */
  readonly lastSeen?: Timestamp;
  /**
   * Digests that were running under the tag.
   * @maxItems 64
   * @listType atomic
   */
  readonly digests: readonly ImageDigest[];
  /** How much of what happened was seen. */
  readonly completeness: Completeness;
  /** Entries that were learned and left out, because the object is bounded; the operator knows them. */
  readonly omitted: Omitted;
  /**
   * Entries that only probes and people at a terminal showed, and blocks of addresses that one of several containers made so
   * wide: the operator keeps them, and they are not known behaviour.
   */
  readonly setAside?: Omitted;
  /**
   * Digest of the full profile in the operator's store.
   * @maxLength 128
   */
  readonly contentDigest: string;
}

/**
 * Namespace, kind and name of a workload.
 * @maxLength 384
 */
export type WorkloadName = string;

/**
 * Digest of an image manifest.
 * @maxLength 160
 * @pattern ^[a-z0-9+._-]+:[0-9a-f]+$
 */
export type ImageDigest = string;

/** How much of what happened was seen. */
export interface Completeness {
  /** What was lost, over all snapshots. */
  readonly losses: Losses;
  /** Records that were read, over all snapshots. */
  readonly events?: Count;
  /** Share of the records that each container lost, on the average of the containers, rounded up. */
  readonly lostPerMillion?: PerMillion;
  /** Containers whose start was seen. */
  readonly startsSeen: Count;
  /** Stretches of time in which containers ran and the agent did not, within periods or before them. */
  readonly gaps: Count;
  /** Seconds of these stretches, over all containers. */
  readonly gapSeconds?: Count;
  /** Seconds of all periods. */
  readonly watchedSeconds?: Count;
  /** Periods that an agent's end cut short, of which nothing is known. */
  readonly lostPeriods: Count;
  /**
   * Kinds that were watched at all; nothing is known about those that are not listed.
   * @maxItems 6
   * @listType atomic
   */
  readonly kindsCollected: readonly BehaviorKind[];
  /**
   * Ways past the agent that containers went; absent if none did.
   * @maxItems 8
   * @listType map
   * @listMapKey name
   */
  readonly blindSpots?: readonly BlindSpotUse[];
}

/** A way past the agent, by which containers did what is not known. */
export interface BlindSpotUse {
  /** io_uring, system calls of 32-bit programs (compat-syscalls), or processes in a cgroup outside of the container's (left-cgroup); other: a way that only a newer agent knows. */
  readonly name: BlindSpot;
  /** Containers that went this way at least once. */
  readonly containers: Count;
}

/** A way past the agent. */
export type BlindSpot = 'io_uring' | 'compat-syscalls' | 'left-cgroup' | 'other';

/** Records that were lost, by reason. */
export interface Losses {
  /** Found the ring buffer full. */
  readonly ringDrops: Count;
  /** Program runs that the kernel skipped, because another was active on the CPU; counted for whole nodes, so at most. */
  readonly recursionMisses: Count;
  /** Found a kernel map full. */
  readonly mapFull: Count;
  /** Paths, arguments or names cut short. */
  readonly truncated: Count;
  /** Could not be decoded; counted for whole nodes, so at most. */
  readonly decodeErrors: Count;
  /** Behaviours beyond the limits of a snapshot. */
  readonly treeFull: Count;
}

/** One label of the pods that run an image, with all its values. */
export interface LabelValues {
  /** Key of the label. */
  readonly key: LabelKey;
  /**
   * Values that pods have, in the order of the alphabet.
   * @maxItems 16
   * @listType set
   */
  readonly values: readonly LabelValue[];
  /** Values beyond, which are left out. */
  readonly omitted?: Count;
}

/**
 * Value of a label.
 * @maxLength 63
 */
export type LabelValue = string;

/** How many entries were left out of each list. */
export interface Omitted {
  /** Processes left out. */
  readonly processes: Count;
  /** Files left out. */
  readonly files: Count;
  /** Names left out. */
  readonly dns: Count;
  /** Endpoints left out. */
  readonly network: Count;
}

/**
 * Where learning stands. One writer replaces it whole: tracking each field and condition would double managedFields.
 * @mapType atomic
 */
export interface SecurityProfileStatus {
  /** Learning, or Stable once the profile is sealed. */
  readonly state?: 'Learning' | 'Stable';
  /** Snapshots that were merged. */
  readonly snapshots?: Count;
  /** Containers that were profiled. */
  readonly containers?: Count;
  /** How alike the containers behave; absent with fewer than two. */
  readonly commonality?: Percent;
  /**
   * How alike the periods of the only container are, which says nothing of what other containers do. Absent with more than
   * one container, or with fewer than eight periods.
   */
  readonly recurrence?: Percent;
  /** Nodes on which they ran. */
  readonly nodes?: Count;
  /** Processes known. */
  readonly processes?: Count;
  /** Files known. */
  readonly files?: Count;
  /** Names known. */
  readonly dns?: Count;
  /** Endpoints known. */
  readonly network?: Count;
  /** Records lost and periods lost while learning. */
  readonly lost?: Count;
  /** Behaviours held back because a rule matched in their container; known once somebody releases them. */
  readonly quarantined?: Count;
  /** The form of the finished profile that agents hold; absent while it is learned, and for a moment after what it holds has changed. */
  readonly compiled?: Compiled;
  /** Whether containers of the image are watched, why not, and for how many of their hours they were. */
  readonly scheduling?: Scheduling;
  /**
   * Labels of the pods that run the image, or ran it last, of those that the settings name.
   * @maxItems 8
   * @listType map
   * @listMapKey key
   */
  readonly labels?: readonly LabelValues[];
  /** When the content changed last. */
  readonly lastUpdated?: Timestamp;
  /** Generation of the spec that this status is about. */
  readonly observedGeneration?: Count;
  /**
   * Aspects of the state: Ready (False only for what a person must fix), Stable, Complete, DigestsAgree,
   * Quarantined, ShareTaken, Degraded, Duplicate.
   * @maxItems 16
   * @listType map
   * @listMapKey type
   */
  readonly conditions?: readonly Condition[];
}

/** A finished profile as fingerprints of what is known, without what is in quarantine. */
export interface Compiled {
  /**
   * SHA-256 of its bytes, by which agents ask for it. Profiles of equal behaviours have the same one within a cluster; in another cluster it differs.
   * @maxLength 71
   * @pattern ^sha256:[0-9a-f]{64}$
   */
  readonly digest: string;
  /** Its size; at most 400,000. */
  readonly bytes: Count;
  /** Behaviours and beginnings of patterns in it. */
  readonly fingerprints: Count;
  /** Behaviours that found no room, by kind; absent if all found it. Of a kind of which some are left out, nothing is reported as unseen. */
  readonly omitted?: Omitted;
}

/**
 * Whether containers of the image are watched, why not, and for how many of their hours they were. Written with the content,
 * and when reason or numbers change, at most once per publishing.interval: hours alone write nothing, and of a finished
 * profile they stay as they were when it was sealed. kubectl wsp status and containers have the figures of now.
 */
export interface Scheduling {
  /** Hours for which containers were watched while the profile was learned, all together, in tenths. */
  readonly hoursWatched?: Hours;
  /** Hours for which containers ran since the first of them was watched, all together, in tenths. */
  readonly hoursRun?: Hours;
  /** Both numbers as people read them: hours watched of hours run, in minutes below an hour, in seconds below a minute. */
  readonly watched?: WatchedTime;
  /** Containers that have a profiling slot. */
  readonly watching: Count;
  /** Containers that wait for one. */
  readonly waiting: Count;
  /** Why containers are watched or not; the first that holds. */
  readonly reason: SchedulingReason;
  /**
   * The same for people.
   * @maxLength 256
   */
  readonly message: string;
}

/**
 * Hours in tenths, such as 12.5.
 * @pattern ^[0-9]{1,12}[.][0-9]$
 * @maxLength 14
 */
export type Hours = string;

/**
 * How long containers were watched of how long they ran, such as 12m of 3.4h.
 * @pattern ^([0-9]{1,2}[ms]|[0-9]{1,12}[.][0-9]h) of ([0-9]{1,2}[ms]|[0-9]{1,12}[.][0-9]h)$
 * @maxLength 34
 */
export type WatchedTime = string;

/** Why containers of an image are watched or not. */
export type SchedulingReason =
  | 'Sealed'
  | 'Watched'
  | 'SlotsTaken'
  | 'AgentUnavailable'
  | 'NotObserved'
  | 'ShareTaken'
  | 'Excluded'
  | 'Disabled'
  | 'NotRunning';
