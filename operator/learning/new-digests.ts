/**
 * Another build under the tag of a finished profile: which ones, since when, and whether learning begins anew for it. Pure.
 *
 * Learning begins anew once the rollout is over: when no build that taught the profile runs any more, or after an hour side
 * by side. By then what runs is what will run, so a rollout restarts learning once. A build only counts if one of its
 * containers began after the profile was sealed: one that ran all the while and taught nothing will not do so next time
 * either, and would restart learning for ever.
 */
import { publicationLimits } from '../../core/profile/publication.ts';
import type { ProfileRecord } from '../store/store.ts';
import type { ImageRuns } from './image-runs.ts';

export interface NewDigest {
  readonly digest: string;
  /** Start of its first container, as far as is known; milliseconds since the epoch. */
  readonly since: number;
}

type Finished = Pick<ProfileRecord, 'state' | 'digests' | 'sealedAt'>;

/** Builds side by side for so long are no rollout, but how this image is run. */
export const rolloutMs = 60 * 60_000;

/** Digests that run, or ran within the last hour, and did not teach the profile; none while it is learned. */
export function newDigests(profile: Finished, runs: ImageRuns | undefined): NewDigest[] {
  const { digests } = profile;
  // Without a list, or with a full one, nobody knows what taught it.
  const isKnown = digests.length > 0 && digests.length < publicationLimits.digests;
  if (profile.state !== 'stable' || runs === undefined || !isKnown) return [];
  return [...runs.digests]
    .filter(([digest]) => !digests.includes(digest))
    .map(([digest, { since }]) => ({ digest, since }))
    .sort((left, right) => left.since - right.since || (left.digest < right.digest ? -1 : 1));
}

/** The digests for which learning begins anew now; none if the rollout still goes on. */
export function restartingDigests(
  profile: Finished,
  runs: ImageRuns | undefined,
  fresh: readonly NewDigest[],
  now: number,
): NewDigest[] {
  const sealedAt = profile.sealedAt ?? 0;
  const began = fresh.filter(({ digest }) => (runs?.digests.get(digest)?.latestStart ?? 0) > sealedAt);
  const oldRuns = profile.digests.some((digest) => runs?.digests.get(digest)?.running === true);
  return began.filter(({ since }) => !oldRuns || now - since >= rolloutMs);
}

export function restarts(policy: 'Auto' | 'Keep' | 'Relearn', tag: string): boolean {
  return policy === 'Relearn' || (policy === 'Auto' && tag === 'latest');
}
