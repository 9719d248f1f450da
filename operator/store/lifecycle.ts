/** The life of profiles beside what they learn: the archive of those that left, quarantine, and who did what. */
import type { Image } from '../../core/image.ts';
import type { ContainerMark, QuarantineMark } from '../../core/profile/quarantine.ts';
import type { ProfileRecord } from './store.ts';

/** Why a profile left: `relearned` ones never come back, `collected` ones when their image runs again. */
export type ArchiveReason = 'relearned' | 'collected';

export interface ArchivedProfile {
  readonly reason: ArchiveReason;
  /** Milliseconds since the epoch. */
  readonly archivedAt: number;
  readonly profile: ProfileRecord;
}

export interface ArchiveOptions {
  /** Noted together with it. */
  readonly audit?: AuditEntry;
  /** Of a relearned one: how often in a row learning has begun anew by itself now; 0, as when a person wants it, if absent. */
  readonly restarts?: number;
  /**
   * Of a relearned one: containers that are there no more, and can upload nothing. Their marks go with what they taught,
   * unless a collected profile of the image could bring that back.
   */
  readonly gone?: readonly string[];
}

export interface ArchiveLimits {
  /** Of compressed evidence. */
  readonly bytes: number;
  /** What was archived before this time goes, milliseconds since the epoch. */
  readonly before: number;
}

export interface AuditEntry {
  /** The same action again, after a crash in its middle, has the same key: it is noted once. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: AuditedAction;
  /** Field manager of whoever asked for it, as the API server noted it: clients choose that name themselves. */
  readonly actor: string;
  readonly image: Image;
  /** Name of the SecurityProfile. */
  readonly name: string;
  readonly note: string;
}

export type AuditedAction = 'relearn' | 'forget' | 'release' | 'delete' | 'new-digest';

/**
 * `marked`: it taints more than before. `known`: nothing new. `widened`: there were too many marks of the image, so that a
 * whole namespace, or the image, is tainted now.
 */
export type QuarantineResult = 'marked' | 'known' | 'widened';

export interface QuarantineRetention {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Marks go whose image has had no profile, in the archive neither, and has not run since then. */
  readonly before: number;
  /** Images without a profile that run, or ended not long ago, with the namespaces in which they do. */
  readonly running: readonly { readonly image: Image; readonly namespace: string }[];
}

export interface Run {
  readonly image: Image;
  /** Whole milliseconds that come on top of the profile's `ranMs`. */
  readonly ranMs: number;
}

/** What a namespace teaches a profile is refused: it would take more of it than it leaves to others. */
export interface Refusal {
  readonly namespace: string;
  /** Of what it has its share. */
  readonly of: 'snapshots' | 'bytes';
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface RefusalOfImage extends Refusal {
  readonly image: Image;
}

export interface LifecycleStore {
  /** Notes when images ran last, and how long; for those that have a profile, and never an earlier time than before. */
  markRun(runs: readonly Run[], at: number): Promise<void>;
  /**
   * Moves the profile into the archive; its snapshots and, if it is relearned, its lost periods go. Quarantine stays, but
   * for containers that are gone: the others are the same. False, and nothing done, if the image has no profile.
   */
  archive(image: Image, reason: ArchiveReason, at: number, options?: ArchiveOptions): Promise<boolean>;
  /** How often in a row learning has begun anew by itself for the image. */
  restarts(image: Image): Promise<number>;
  /** Brings the collected profile of an image back, as it was but for a new version. Undefined: there is none, or another profile. */
  restore(image: Image, at: number): Promise<ProfileRecord | undefined>;
  /** Newest first; at most {@link archivedPerImage} relearned ones and a collected one. */
  archived(image: Image): Promise<readonly ArchivedProfile[]>;
  /** Evidence of the profile of the image that was archived at that time. */
  archivedEvidence(image: Image, archivedAt: number): Promise<Uint8Array | undefined>;
  /** Drops what is older, then the oldest, until the limits hold; returns how many went. */
  trimArchive(limits: ArchiveLimits): Promise<number>;

  /**
   * Grows the overlay of the image, also before its first snapshot. A profile that there is gets a new version.
   * @param namespace in which the container runs
   */
  quarantine(image: Image, mark: ContainerMark, namespace: string): Promise<QuarantineResult>;
  quarantined(image: Image): Promise<readonly QuarantineMark[]>;
  /** Drops marks of images that neither run nor are known any more; returns how many. */
  trimQuarantine(retention: QuarantineRetention): Promise<number>;
  /** Removes all marks of the image; returns how many. The audit entry is noted if there were any. */
  release(image: Image, audit: AuditEntry): Promise<number>;

  /** False, and nothing noted, if it was known already, the image has no profile, or {@link refusalsPerImage} of them. */
  recordRefusal(image: Image, refusal: Refusal): Promise<boolean>;
  /** Of the profiles that there are, newest first; the first 16,000. */
  refusals(): Promise<readonly RefusalOfImage[]>;

  /** Notes an action that changes nothing else in the store. */
  recordAudit(entry: AuditEntry): Promise<void>;
  /** Newest first; `before` continues behind the key of the last one of the page before. */
  audit(page: { readonly limit: number; readonly before?: string }): Promise<readonly AuditEntry[]>;
}
