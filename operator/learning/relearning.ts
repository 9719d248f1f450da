/**
 * Whether a finished profile is given up because another build runs under its tag. Pure.
 *
 * Everybody who may create pods can run any build of a repository under any of its tags, so that another build runs somewhere
 * says nothing. A profile is given up by those who taught it: when the namespaces that taught most of it have moved to builds
 * that it does not know. Should they do so again and again, each time it is kept for longer first, or it would never protect.
 */
import type { Evidence } from '../../core/profile/evidence.ts';
import type { ProfileRecord } from '../store/store.ts';
import type { BuildRuns, ImageRuns } from './image-runs.ts';

/** Builds side by side in a namespace for so long are no rollout, but how this image is run. */
export const rolloutMs = 60 * 60_000;

/**
 * Containers with which one namespace counts. So many make a profile complete; more of them say no more about whose image it
 * is, and cost a flood of short pods nothing.
 */
const mostVotes = 3;

const day = 24 * 60 * 60_000;
/** For so long a profile is kept that was learned anew for another build: a day the first time, then doubled up to this. */
const longestKeptMs = 8 * day;

/** How many containers of each namespace taught a profile, {@link mostVotes} at most. */
export type Teachers = ReadonlyMap<string, number>;

/** Why learning does not begin anew although other builds run. */
export type Held =
  /** Those who taught most of the profile are moving, and have not finished. */
  | { readonly why: 'rollout' }
  /** Only others have moved. */
  | { readonly why: 'others'; readonly moved: readonly string[]; readonly teachers: readonly string[] }
  /** It began anew too short a time ago, and not for the first time. Milliseconds since the epoch. */
  | { readonly why: 'recent'; readonly until: number };

/** `none`: no build began after the profile was finished, so none is more than what ran beside it all the while. */
export type Relearning =
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly held: Held }
  /** `restarts`: how often in a row it will have begun anew. */
  | { readonly kind: 'now'; readonly digests: readonly string[]; readonly restarts: number };

export interface Situation {
  readonly profile: Pick<ProfileRecord, 'digests' | 'sealedAt'>;
  readonly teachers: Teachers;
  readonly runs: ImageRuns;
  /** Builds that did not teach the profile. */
  readonly builds: readonly BuildRuns[];
  /** How often in a row learning has begun anew for other builds. */
  readonly restarts: number;
}

/** Whether the settings want it for this tag at all. */
export function wantsRelearning(policy: 'Auto' | 'Keep' | 'Relearn', tag: string): boolean {
  return policy === 'Relearn' || (policy === 'Auto' && tag === 'latest');
}

/** Workloads are `namespace/Kind/name`. */
export function teachersOf({ containers }: Pick<Evidence, 'containers'>): Teachers {
  const teachers = new Map<string, number>();
  for (const { workload } of containers) {
    const namespace = workload.slice(0, workload.indexOf('/'));
    teachers.set(namespace, Math.min((teachers.get(namespace) ?? 0) + 1, mostVotes));
  }
  return teachers;
}

/**
 * Only builds count of which a container began after the profile was sealed: one that ran all the while and taught nothing
 * will not do so next time either, and would restart learning for ever.
 */
export function began({ profile, builds }: Pick<Situation, 'profile' | 'builds'>): readonly BuildRuns[] {
  return builds.filter(({ latestStart }) => latestStart > (profile.sealedAt ?? 0));
}

/** @param now by the operator's clock, as is the time of sealing */
export function relearning(situation: Situation, now: number): Relearning {
  const { profile, teachers, restarts } = situation;
  const fresh = began(situation);
  if (fresh.length === 0) return { kind: 'none' };
  const begun = namespacesOf(fresh);
  const moved = namespacesOf(fresh.filter((build) => hasMoved(build, situation, now)));
  if (!areMost(moved, teachers)) {
    const held: Held = areMost(begun, teachers)
      ? { why: 'rollout' }
      : { why: 'others', moved: [...begun].sort(), teachers: byVotes(teachers) };
    return { kind: 'held', held };
  }
  const sealedAt = profile.sealedAt ?? 0;
  const until = sealedAt + keptMs(restarts);
  if (now < until) return { kind: 'held', held: { why: 'recent', until } };
  const digests = [...new Set(fresh.map(({ digest }) => digest))];
  return { kind: 'now', digests, restarts: isQuiet(restarts, now - sealedAt) ? 1 : restarts + 1 };
}

/** No build that taught runs there any more, or both have run side by side for long. */
function hasMoved({ namespace, since }: BuildRuns, { profile, runs }: Situation, now: number): boolean {
  const oldRuns = runs.builds.some(
    (build) => build.namespace === namespace && build.running && profile.digests.includes(build.digest),
  );
  return !oldRuns || now - since >= rolloutMs;
}

function namespacesOf(builds: readonly BuildRuns[]): ReadonlySet<string> {
  return new Set(builds.map(({ namespace }) => namespace));
}

/** Half is not most: of two that count alike, neither decides for the other. */
function areMost(namespaces: ReadonlySet<string>, teachers: Teachers): boolean {
  const all = [...teachers].reduce((sum, [, votes]) => sum + votes, 0);
  const theirs = [...teachers].reduce((sum, [name, votes]) => sum + (namespaces.has(name) ? votes : 0), 0);
  return theirs * 2 > all;
}

function byVotes(teachers: Teachers): string[] {
  return [...teachers].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([name]) => name);
}

function keptMs(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(day * 2 ** (restarts - 1), longestKeptMs);
}

/** Twice as long as it had to be: what comes now has nothing to do with what was before. */
function isQuiet(restarts: number, keptFor: number): boolean {
  return keptFor >= 2 * keptMs(restarts);
}
