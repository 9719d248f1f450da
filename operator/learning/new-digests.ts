/** Builds that run under the tag of a finished profile and did not teach it: which, where, and since when. Pure. */
import { publicationLimits } from '../../core/profile/publication.ts';
import type { ProfileRecord } from '../store/store.ts';
import type { BuildRuns, ImageRuns } from './image-runs.ts';
import type { Held } from './relearning.ts';

export interface NewDigest {
  readonly digest: string;
  /** Start of its first container, as far as is known; milliseconds since the epoch. */
  readonly since: number;
}

/** What runs under the tag of a finished profile beside what taught it. */
export interface OtherBuilds {
  readonly digests: readonly NewDigest[];
  /** Why learning does not begin anew for them, although the settings say so; absent if they do not. */
  readonly held?: Held;
}

/** More may have taught a profile than its list of digests can tell: then nobody knows which build is another one. */
export function teachersUnknown({ digests }: Pick<ProfileRecord, 'digests'>): boolean {
  return digests.length >= publicationLimits.digests;
}

/**
 * Those that run, or ran within the last hour, each in each namespace; none while the profile is learned.
 * @param before what was found last: pods come and go during a rollout, and the first start that was seen stays
 */
export function newBuilds(
  profile: Pick<ProfileRecord, 'state' | 'digests'>,
  runs: ImageRuns | undefined,
  before: readonly BuildRuns[],
): BuildRuns[] {
  const { digests } = profile;
  const isKnown = digests.length > 0 && !teachersUnknown(profile);
  if (profile.state !== 'stable' || runs === undefined || !isKnown) return [];
  const firstStarts = new Map(before.map((build) => [keyOf(build), build.since]));
  return runs.builds
    .filter(({ digest }) => !digests.includes(digest))
    .map((build) => ({ ...build, since: Math.min(build.since, firstStarts.get(keyOf(build)) ?? Infinity) }));
}

/** The same without the namespaces, the first to start first. */
export function digestsOfBuilds(builds: readonly BuildRuns[]): NewDigest[] {
  const since = new Map<string, number>();
  for (const build of builds) {
    since.set(build.digest, Math.min(build.since, since.get(build.digest) ?? Infinity));
  }
  return Array.from(since, ([digest, first]) => ({ digest, since: first })).sort(
    (left, right) => left.since - right.since || (left.digest < right.digest ? -1 : 1),
  );
}

function keyOf({ namespace, digest }: BuildRuns): string {
  return `${namespace} ${digest}`;
}
