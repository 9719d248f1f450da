/** What the reconciliation of profiles needs from the rest of the operator. */
import type { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Image } from '../../../core/image.ts';
import type { Publication } from '../../../core/profile/publication.ts';
import type { PublishOptions } from '../../../core/profile/publish.ts';
import type { LabelValues, SecurityProfileSpec, SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { Clock } from '../../clock.ts';
import type { ObjectEvent } from '../../kube/event-recorder.ts';
import type { OtherBuilds } from '../../learning/new-digests.ts';
import type { Refusal } from '../../store/lifecycle.ts';
import type { Settings } from '../../settings.ts';
import type { CompiledFacts, ProfileRecord, Store } from '../../store/store.ts';
import type { ByteBucket } from './byte-bucket.ts';
import type { ProfileMetrics } from './metrics.ts';
import type { ProfileObject } from './profile-object.ts';
import type { SchedulingFacts } from './scheduling.ts';

export interface ProfileApi {
  /** Objects with this image, by its text, from the informer: possibly a moment old. */
  withImage(imageKey: string): readonly ProfileObject[];
  /** As it is now. @throws KubeError, also if the kind itself is unknown */
  read(name: string): Promise<ProfileObject | undefined>;
  /**
   * @param uid of the object that is to be changed; creates one if undefined
   * @throws ConflictError if the object of that uid is gone
   */
  applySpec(name: string, spec: SecurityProfileSpec, uid: string | undefined): Promise<WrittenSpec>;
  applyStatus(name: string, status: SecurityProfileStatus): Promise<void>;
  /** Deletes the object of that uid; another in its place stays. */
  remove(name: string, uid: string): Promise<void>;
  /** Takes back the annotation by which somebody asked for something. */
  clearAction(name: string, action: string): Promise<void>;
}

/** A spec as the API server stored it. */
export interface WrittenSpec {
  readonly uid: string;
  readonly generation: number;
  readonly specDigest: string;
}

/** What was published last; lost at a restart, then the object itself tells. */
export interface LastPublication {
  /** Of the profile in the store. */
  readonly version: number;
  readonly uid: string;
  readonly generation: number;
  /** Of what the API server stored, so that what it or a webhook changes in every write is no edit. */
  readonly specDigest: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The same of the last edit that was taken back; 0 if there was none. */
  readonly restoredAt: number;
  /** The same of the status, if that was written alone since. */
  readonly statusAt?: number;
}

type LifecycleMethods = 'archive' | 'archived' | 'quarantined' | 'release' | 'recordAudit';

/** What a publication depends on beside the evidence. */
export type PublicationFacts = Pick<PublishOptions, 'lostPeriods' | 'quarantine'>;

export interface ProfileDependencies {
  readonly store: Pick<
    Store,
    LifecycleMethods | 'profile' | 'evidence' | 'lostPeriods' | 'seal' | 'forget' | 'markPublished'
  >;
  readonly api: ProfileApi;
  /** Publication of evidence as the store has it; the caller knows how the bytes are compressed. */
  readonly publish: (
    evidence: Uint8Array,
    facts: PublicationFacts,
    state: ProfileRecord['state'],
  ) => Promise<Publication>;
  /** A stable profile compiled for agents, unless that is done; undefined if it has changed since, or cannot be. */
  readonly compiled: (record: ProfileRecord) => Promise<CompiledFacts | 'later' | undefined>;
  readonly otherBuilds: (image: Image) => OtherBuilds;
  /** Whether containers of the image are watched, and for how long they were. */
  readonly scheduling: (image: Image) => SchedulingFacts;
  /** Whose snapshots were refused since the image is learned, for having taught their share. */
  readonly refusals: (image: Image, firstSnapshotAt: number) => readonly Refusal[];
  /** Labels of the pods that run the image; undefined if none is known to run it. */
  readonly labels: (image: Image) => readonly LabelValues[] | undefined;
  readonly settings: () => Settings;
  readonly bucket: ByteBucket;
  /** By image text. */
  readonly last: LRUCache<string, LastPublication>;
  readonly clock: Clock;
  /** Tells people who describe the object; best effort. */
  readonly announce: (event: ObjectEvent) => void;
  readonly metrics: ProfileMetrics;
  readonly log: Logger;
}
