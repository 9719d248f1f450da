/**
 * What the operator keeps: snapshots (each exactly once), the evidence of every profile, and the profile's life. The
 * interface assumes nothing of one engine: every write is one transaction, guarded by a version instead of a lock, so that
 * several replicas can share one PostgreSQL later. Bytes are opaque here; core/ knows what is in them.
 */
import type { Image } from '../../core/image.ts';
import type { BehaviourKind } from '../../core/profile/evidence.ts';
import type { AuditEntry, LifecycleStore } from './lifecycle.ts';

export interface ProfileRecord {
  readonly image: Image;
  /** Name of the SecurityProfile object. */
  readonly name: string;
  readonly state: 'learning' | 'stable';
  /** Grows with every change of the evidence or the state; a write must name the one it has read. */
  readonly version: number;
  /** Snapshots that count towards stability (long enough); `snapshots` counts all that were merged. */
  readonly countedSnapshots: number;
  readonly snapshots: number;
  readonly containers: number;
  /**
   * Milliseconds since the epoch by the operator's clock. It stays as the first commit wrote it: a profile that was forgotten
   * and began again is told from the one before by it, since its versions begin at 1 again.
   */
  readonly firstSnapshotAt: number;
  readonly lastSnapshotAt: number;
  readonly sealedAt?: number;
  /** Image digests of the containers that taught, sorted; the first 64. */
  readonly digests: readonly string[];
  /** When a container of the image was last seen running; absent until that was noted. Commits leave it as it is. */
  readonly lastRunAt?: number;
  /** Milliseconds of all periods that taught, and the start of the earliest; absent if the last of them came before schema 6. */
  readonly watchedMs?: number;
  readonly watchedFrom?: number;
  /** Milliseconds that its containers ran until `lastRunAt`, all together; absent like it, and left by commits as it is. */
  readonly ranMs?: number;
  /** Uid of the SecurityProfile object that was published; once it is set, an object that is missing was deleted. */
  readonly publishedUid?: string;
  /** The form that agents hold. Absent until somebody has kept one of this version; commits leave it as it is. */
  readonly compiled?: CompiledFacts;
}

/** A stable profile in its compiled form, without the bytes: whoever has the evidence can make them again. */
export interface CompiledFacts {
  /** Of the compiler that made it (core/match/compile.ts). */
  readonly revision: number;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly bytes: number;
  readonly fingerprints: number;
  /** Behaviours that found no room. */
  readonly omitted: Readonly<Record<BehaviourKind, number>>;
}

export interface StoredSnapshot {
  readonly snapshotId: string;
  readonly containerId: string;
  readonly node: string;
  readonly image: Image;
  readonly from: number;
  readonly to: number;
  /** Operator time. */
  readonly receivedAt: number;
  /** zstd JSON as it came. */
  readonly bytes: Uint8Array;
  /** What the operator added to it when it came. Absent in what schema 1 stored: no evidence can be made of that again. */
  readonly context?: Uint8Array;
}

export interface SnapshotCommit {
  readonly snapshot: StoredSnapshot;
  /** The profile as it shall be; `version` is the one that was read plus one, 1 for a new profile. */
  readonly profile: ProfileRecord;
  /** Evidence with the snapshot merged in. */
  readonly evidence: Uint8Array;
}

/**
 * `stored`: all of it is durable. `duplicate`: this snapshotId was stored before; nothing changed. `overlap`: another
 * snapshot of this container covers part of the period; nothing changed. `conflict`: the profile has another version (or
 * another `firstSnapshotAt`) than the one that was read; read again and repeat. A commit to a stable profile rejects.
 */
export type CommitResult = 'stored' | 'duplicate' | 'overlap' | 'conflict';

/** A period that an agent's death cut short: nothing was uploaded for it, and it is counted. */
export interface LostPeriod {
  readonly containerId: string;
  readonly slotId: string;
  readonly node: string;
  readonly image: Image;
  readonly from: number;
  readonly to: number;
}

/** Which raw snapshots may go: those received before a time, and of the rest the oldest beyond so many bytes. */
export interface Retention {
  readonly before: number;
  readonly bytes: number;
}

/** How many raw snapshots went, and why. */
export interface Trimmed {
  readonly byAge: number;
  readonly byBytes: number;
}

export interface StoreUsage {
  readonly profiles: number;
  /** Those whose raw bytes are still there, and these bytes. */
  readonly snapshots: number;
  readonly snapshotBytes: number;
  readonly lostPeriods: number;
  readonly archived: number;
  /** Of the archive's compressed evidence. */
  readonly archiveBytes: number;
  readonly auditEntries: number;
  /** Audit entries that had to go because there were too many. */
  readonly auditDropped: number;
  /**
   * Marks of all images; how many are of whole namespaces, of whole images, and of all images that are not learned yet; how
   * many these took the place of; and how many went without a release since the store was opened.
   */
  readonly quarantine: {
    readonly marks: number;
    readonly namespaces: number;
    readonly images: number;
    readonly unlearned: number;
    readonly merged: number;
    readonly fallen: number;
  };
  /** Bytes on disk, all together. */
  readonly bytes: number;
  /** Of these, the log of what is not in its place yet, and what will be used again before the file grows. */
  readonly logBytes: number;
  readonly freeBytes: number;
  /** Bytes that the volume has left for us. */
  readonly volumeFreeBytes: number;
}

/** What each is for: the keys of compiled profiles come from the first. */
export type SecretName = 'compiled-profiles';

/** `after` continues behind the last one of the page before. */
export interface SnapshotPage {
  readonly limit: number;
  readonly after?: string;
  /** Only those that were received later than this, milliseconds since the epoch. */
  readonly since?: number;
  /** Only those of these containers: of one profile at most 4,000, as it has snapshots, in 270 KB. */
  readonly containerIds?: readonly string[];
}

/** Of the snapshots that an image had at a time: all, and those of which evidence can be made again. */
export interface SnapshotCounts {
  readonly stored: number;
  readonly rebuildable: number;
}

/** Every method may reject with a StoreError, whose kind says whether to repeat, to correct or to call for a person. */
export interface Store extends LifecycleStore {
  commitSnapshot(commit: SnapshotCommit): Promise<CommitResult>;
  hasSnapshot(snapshotId: string): Promise<boolean>;
  profile(image: Image): Promise<ProfileRecord | undefined>;
  /** The profile together with its evidence, read in one transaction. */
  evidence(image: Image): Promise<{ readonly profile: ProfileRecord; readonly evidence: Uint8Array } | undefined>;
  /** All profiles, ordered by image name and tag; `after` continues behind the last one of the page before. */
  profiles(page: { readonly limit: number; readonly after?: Image }): Promise<readonly ProfileRecord[]>;
  /** Snapshots of an image, oldest first: enough to build its evidence again. */
  snapshots(image: Image, page: SnapshotPage): Promise<readonly StoredSnapshot[]>;
  /** Counts those that were received until then. */
  snapshotCounts(image: Image, until: number): Promise<SnapshotCounts>;
  /** Learning becomes stable; false if the profile has another version by now. */
  seal(image: Image, version: number, at: number): Promise<boolean>;
  /**
   * Remembers how a stable profile was compiled, until it has another version. False, and nothing done, if it has one by now,
   * or is not stable.
   */
  keepCompiled(image: Image, version: number, compiled: CompiledFacts): Promise<boolean>;
  /**
   * Remembers the object in which a profile was published, without a new version: what was learned is the same. False: no
   * such profile. Commits leave it as it is, whatever their record says.
   */
  markPublished(image: Image, uid: string): Promise<boolean>;
  /**
   * Forgets profile, snapshots, lost periods, quarantine and archive of an image, so that learning starts again. `audit` is
   * noted together with it. False: nothing was known.
   */
  forget(image: Image, audit?: AuditEntry): Promise<boolean>;
  /** False if it was known already (same container and `from`), or if the image has its 10,000 lost periods. */
  recordLostPeriod(lost: LostPeriod): Promise<boolean>;
  lostPeriods(image: Image): Promise<number>;
  /**
   * Drops raw snapshots (not evidence), the oldest first, and at most 256 of them, so that others get their
   * turn: to be repeated until nothing goes. That they were there stays known: a replay is a `duplicate`, a period that
   * reaches into theirs an `overlap`.
   */
  trimSnapshots(retention: Retention): Promise<Trimmed>;
  /**
   * The secret of this name: `fresh` if there was none before, and ever after the same, in a restored backup too. It rejects
   * as `invalid` what has less than 16 bytes, which could be guessed, or more than 64.
   */
  secret(name: SecretName, fresh: Uint8Array): Promise<Uint8Array>;
  usage(): Promise<StoreUsage>;
  /** Answers what was asked before, then lets go. What is asked afterwards rejects with kind `closed`. */
  close(): Promise<void>;
}
