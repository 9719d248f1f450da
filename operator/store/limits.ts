/** What every implementation asks of its callers, so that all of them refuse alike. */
import { StoreError } from './errors.ts';
import type { AuditEntry } from './lifecycle.ts';
import type { LostPeriod, Retention, SnapshotCommit } from './store.ts';

/**
 * Records of one page: 1,000 profiles are 300 KB. Snapshots carry up to 1 MiB each; ask for few of them at a time.
 */
export const largestPage = 1_000;

/**
 * A profile is incomplete with the first one; beyond this number they teach nothing, and an agent that invents them fills
 * 10,000 × 300 bytes = 3 MB for each image that it really runs.
 */
export const lostPeriodsPerImage = 10_000;

/** Raw snapshots dropped at once: of 100 kB each they are 26 MB, some hundred milliseconds of the store's time. */
export const largestTrim = 256;

/** Of one image: whoever relearns it over and over pushes out his own old profiles, and nobody else's. */
export const archivedPerImage = 10;

/** At 500 bytes each 1 MB: five actions every day for a year. */
export const auditEntries = 2_000;

/**
 * At 300 bytes each 300 KB. With one more, the namespace that has the most is marked as a whole: where rules matched in so many
 * of its containers, there is nothing to learn from the others.
 */
export const quarantineMarksPerImage = 1_024;

/** Namespaces that have taught their share of a profile: of more there is no news. */
export const refusalsPerImage = 16;

/** Read at once: of 1,000 images, 200 bytes each, 3 MB. */
export const refusalsRead = 16_000;

/**
 * Of all images: 9 MB at 300 bytes each. Beyond, marks of the namespace with the most become fewer and wider. What cannot be
 * joined any more is one for each image that has a profile, and a hundredth of it.
 */
export const quarantineMarks = 32_768;

function refuseUnless(holds: boolean, message: string): void {
  if (!holds) throw new StoreError('invalid', `store: ${message}`);
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export function checkLimit(limit: number): number {
  refuseUnless(
    Number.isInteger(limit) && limit >= 1 && limit <= largestPage,
    `a page holds 1 to ${largestPage} records, not ${limit}`,
  );
  return limit;
}

export function checkCommit({ snapshot, profile }: SnapshotCommit): void {
  const { from, to, receivedAt } = snapshot;
  refuseUnless(
    isWhole(from) && isWhole(to) && isWhole(receivedAt) && from <= to,
    `the period ${from} to ${to}, received at ${receivedAt}, is not in whole milliseconds or ends before it begins`,
  );
  refuseUnless(
    profile.image.name === snapshot.image.name && profile.image.tag === snapshot.image.tag,
    `a snapshot of ${snapshot.image.name}:${snapshot.image.tag} cannot change the profile of ${profile.image.name}:${profile.image.tag}`,
  );
  refuseUnless(
    Number.isSafeInteger(profile.version) && profile.version >= 1,
    `versions begin at 1, not at ${profile.version}`,
  );
  refuseUnless(
    (profile.state === 'stable') === (profile.sealedAt !== undefined),
    'a stable profile has the time of its sealing, a learning one has none',
  );
}

export function checkLostPeriod({ from, to }: LostPeriod): void {
  refuseUnless(
    isWhole(from) && isWhole(to) && from <= to,
    `the lost period ${from} to ${to} is not in whole milliseconds or ends before it begins`,
  );
}

export function checkRetention({ before, bytes }: Retention): void {
  refuseUnless(
    Number.isSafeInteger(before) && isWhole(bytes),
    `what is older than ${before} or beyond ${bytes} bytes is no whole number of milliseconds and bytes`,
  );
}

export function checkSecret({ length }: Uint8Array): void {
  refuseUnless(length >= 16 && length <= 64, `a secret has 16 to 64 bytes, not ${length}`);
}

/** So that a row is what {@link auditEntries} reckons with. */
export function checkAudit({ actor, note, key }: AuditEntry): void {
  refuseUnless(
    actor.length <= 128 && note.length <= 256 && key.length <= 256,
    'actor, note or key of an audit entry is too long',
  );
}
