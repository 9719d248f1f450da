/** The compiled profiles that the agent of a node shall hold, and those that it says it does. Pure. */
import type { Image } from '../../core/image.ts';
import { type DesiredState, type ProfileFailure, profileLimits, type ReportedProfiles } from '../../core/wire/agent.ts';
import type { ProfileFacts } from './grant.ts';

export interface NodeProfiles {
  /** Digests, sorted. */
  readonly told: readonly string[];
  /** Beyond what an agent holds. */
  readonly leftOut: number;
}

/** @param containers that run on the node, as the API server has them */
export function nodeProfiles(
  containers: Iterable<{ readonly image: Image }>,
  profile: (image: Image) => ProfileFacts | undefined,
): NodeProfiles {
  const sizes = new Map<string, number>();
  for (const { image } of containers) {
    const { compiled } = profile(image) ?? {};
    if (compiled !== undefined) sizes.set(compiled.digest, compiled.bytes);
  }
  const told: string[] = [];
  let bytes = 0;
  // The smallest first: so it is as many as can be.
  for (const [digest, size] of [...sizes].toSorted(([a, left], [b, right]) => left - right || (a < b ? -1 : 1))) {
    if (told.length === profileLimits.count || bytes + size > profileLimits.bytes) break;
    told.push(digest);
    bytes += size;
  }
  return { told: told.toSorted(), leftOut: sizes.size - told.length };
}

export interface HeldProfiles {
  readonly told: number;
  /** Of those that it was told of. */
  readonly held: number;
  readonly failures: Readonly<Partial<Record<ProfileFailure, number>>>;
}

/** What an agent reports, of what it was told. */
export function heldProfiles(
  { profiles: told }: Pick<DesiredState, 'profiles'>,
  { held, failed }: ReportedProfiles,
): HeldProfiles {
  const reported = new Set(held);
  // Each once, however often it is named.
  const reasons = new Map(failed.map(({ digest, reason }) => [digest, reason]));
  const failures: Partial<Record<ProfileFailure, number>> = {};
  for (const digest of told) {
    const reason = reasons.get(digest);
    if (reason !== undefined && !reported.has(digest)) failures[reason] = (failures[reason] ?? 0) + 1;
  }
  return { told: told.length, held: told.filter((digest) => reported.has(digest)).length, failures };
}
