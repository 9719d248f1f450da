/** What the server needs from the rest of the operator. It knows HTTP and identities; what things mean is decided behind these. */
import type { Snapshot } from '../../core/activity/snapshot.ts';
import type { AgentReport, DesiredState, UploadAnswer } from '../../core/wire/agent.ts';
import type { ClusterStatus, ContainerList, ContainerQuery } from './api/status.ts';

/** An agent as its token proves it to be; nothing in a request's body can change it. */
export interface Agent {
  readonly node: string;
  readonly podName: string;
  readonly podUid: string;
}

export interface DesiredStateSource {
  /**
   * Calls `listener` with the node's state: at once if there is one, then on every change. Nothing else is remembered of
   * the listener once the returned function was called. Several listeners of one node may overlap for a moment.
   */
  subscribe(node: string, listener: (state: DesiredState) => void): () => void;
}

export interface ReportSink {
  report(agent: Agent, report: AgentReport): void;
}

export interface SnapshotUpload {
  readonly agent: Agent;
  /** Well-formed; whether it is true is for the ingestion to decide. */
  readonly snapshot: Snapshot;
  /** As it came: zstd JSON. */
  readonly bytes: Uint8Array;
}

/** `status` of a refusal: 403 for what the agent has no right to send, 422 (if absent) for what makes no sense. */
export type IngestAnswer = UploadAnswer & { readonly status?: 403 | 422 };

/** Resolves once the snapshot is durable or refused; a rejection is answered as "try later". */
export type Ingest = (upload: SnapshotUpload) => Promise<IngestAnswer>;

export interface NodeScheduling {
  readonly node: string;
  readonly grants: readonly {
    readonly slotId: string;
    readonly containerId: string;
    readonly image: string;
    readonly periodSeconds: number;
    readonly finished: boolean;
  }[];
  /** For every container that the agent reports: why it is profiled, or why not. */
  readonly containers: readonly {
    readonly containerId: string;
    readonly image?: string;
    readonly reason: { readonly code: string; readonly text: string };
  }[];
  /** Containers that found no room on the page; absent if there are none. */
  readonly omitted?: number;
}

export interface SchedulingQuery {
  readonly node?: string;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Ordered by name. */
export interface SchedulingPage {
  readonly nodes: readonly NodeScheduling[];
  /** For `after`, if there are more. */
  readonly next?: string;
}

export interface StatusSource {
  status(): Promise<ClusterStatus>;
  /** One page, ordered by node, namespace, pod and container. */
  containers(query: ContainerQuery): ContainerList;
  scheduling(query: SchedulingQuery): SchedulingPage;
}

export type ProfileBlob =
  | { readonly kind: 'found'; readonly bytes: Uint8Array }
  /** Nothing that this node should have. */
  | { readonly kind: 'elsewhere' }
  /** It was told to hold it, and what it is told next names another. */
  | { readonly kind: 'gone' };

/** Compiled profiles by digest, for the agent of a node. @throws GateFullError, ReadingStoppedError if it cannot be made now */
export type NodeBlobs = (node: string, digest: string) => Promise<ProfileBlob>;

/** What was asked for, as UTF-8 of its JSON: it may be 12 MiB, and is made where that disturbs nobody. */
export interface Found {
  readonly kind: 'found';
  readonly json: Uint8Array<ArrayBuffer>;
}

/** There is no answer because it would take more memory than there is. The message says so to who asked. */
export class ReadingStoppedError extends Error {
  override readonly name: string = 'ReadingStoppedError';
}

/** However often it is asked: the operator needs more memory for it, or the profile has to become smaller. */
export class ProfileTooLargeError extends ReadingStoppedError {
  override readonly name = 'ProfileTooLargeError';
}

export type ProfileModel =
  | Found
  /** There is no profile of this name, or there was none at that time. */
  | { readonly kind: 'nothing' }
  /** It cannot be made again. */
  | { readonly kind: 'gone'; readonly reason: string };

/** By the name of the object; `at` in milliseconds since the epoch. */
export type ProfileModels = (name: string, at?: number) => Promise<ProfileModel>;

export interface UnknownQuestion {
  /** Of the object. */
  readonly name: string;
  /** Milliseconds since the epoch: what came later, by what was known then. */
  readonly since?: number | undefined;
  readonly containerId?: string | undefined;
  readonly pod?: { readonly namespace: string; readonly name: string } | undefined;
  /** Nothing but what pods of this namespace did, and nothing of images that it has not run. */
  readonly namespace?: string | undefined;
  /** Who asks may not read the profile: what is near to something is told of what this namespace showed, and of nothing else. */
  readonly confined?: true;
}

export type UnknownAnswer =
  | Found
  | { readonly kind: 'nothing' }
  /** What was known then cannot be made again. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** There is a profile, and nothing to compare it with: why, and what to ask instead. */
  | { readonly kind: 'nothing-to-compare'; readonly code: string; readonly reason: string };

/** What stored snapshots show that a profile does not know. */
export type UnknownBehaviours = (question: UnknownQuestion) => Promise<UnknownAnswer>;

export interface ReadinessCheck {
  /** Told to whoever probes, such as `store` or `informers`. */
  readonly name: string;
  readonly ready: () => boolean;
}
