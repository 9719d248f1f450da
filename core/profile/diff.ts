/**
 * What one profile has and another has not: two tags of an image, or one at two times. Pure; `diff(a, a)` is empty, and
 * `diff(b, a)` is `diff(a, b)` with new and gone, before and after changed round.
 *
 * The order: what came (new behaviours, and known ones done in a new way, by somebody else or later), then what became more
 * or less common or lost any of these, then what is gone. Within each by relevance (diff-relevance.ts), then the most common
 * first, then by text.
 */
import type { Kind } from '../activity/snapshot.ts';
import {
  behavioursOf,
  type ComparedBehaviour,
  listedKinds,
  processKey,
  type Subject,
  type Ways,
} from './diff-behaviours.ts';
import { type CircumstanceChanges, circumstanceChanges } from './diff-circumstances.ts';
import { type Behaviours, foldNames, type Uncompared } from './diff-patterns.ts';
import type { BlindSpotUse } from './completeness.ts';
import { type Relevance, relevanceOf, relevanceRank } from './diff-relevance.ts';
import { type BehaviourKind, behaviourKinds, byText } from './evidence.ts';
import type { PublishedBehavior } from './publication.ts';

/** A Publication is one. */
export interface ComparedProfile {
  readonly behavior: PublishedBehavior;
  readonly evidence?: {
    readonly completeness?: {
      readonly kindsCollected?: readonly Kind[];
      readonly blindSpots?: readonly BlindSpotUse[];
    };
    readonly omitted?: Readonly<Record<BehaviourKind, number>>;
  };
}

interface SharedChanges extends CircumstanceChanges {
  /** Patterns of both that have names in common, though neither stands for all of the other's: it is called by the first. */
  readonly overlapping?: { readonly before: readonly string[]; readonly after: readonly string[] };
}

export type Difference = Subject &
  SharedChanges & {
    readonly change: 'new' | 'gone' | 'changed';
    readonly relevance: Relevance;
    /** Programs from the root of the lineage to the process; empty for what containers do as a whole. */
    readonly lineage: readonly string[];
    /** Its process is itself new or gone, or was itself begun by those who came or went. */
    readonly withProcess?: boolean;
    /** Ways with their commonality; absent for what is not there. */
    readonly before?: Ways;
    readonly after?: Ways;
    /** Ways that came, went, and became more or less common by the threshold or more. */
    readonly gained: readonly string[];
    readonly lost: readonly string[];
    readonly shifted: readonly string[];
  };

/** Why a comparison does not say all. */
export type Caveat =
  | { readonly side: 'before' | 'after'; readonly kind: Kind; readonly reason: 'not-watched' }
  | { readonly side: 'before' | 'after'; readonly kind: Kind; readonly reason: 'omitted'; readonly count: number }
  /** So many were not compared with all patterns of the other side, which has too many. */
  | {
      readonly side: 'before' | 'after';
      readonly kind: Kind;
      readonly reason: 'too-many-patterns';
      readonly count: number;
    }
  | ({ readonly side: 'before' | 'after'; readonly reason: 'blind-spot' } & BlindSpotUse);

export interface ProfileDiff {
  readonly threshold: number;
  readonly differences: readonly Difference[];
  readonly caveats: readonly Caveat[];
}

/**
 * Points of commonality from which on a change counts. One container more or less of five moves a score by 20; less than
 * that is the chance of which containers were profiled.
 */
export const defaultThreshold = 20;

export function diffProfiles(
  before: ComparedProfile,
  after: ComparedProfile,
  threshold: number = defaultThreshold,
): ProfileDiff {
  const caveats = [...caveatsOf('before', before, after), ...caveatsOf('after', after, before)];
  const unwatched = new Set(caveats.flatMap((caveat) => (caveat.reason === 'not-watched' ? [caveat.kind] : [])));
  const later = [before, after].every(({ behavior }) =>
    behavior.processes.some(({ phases }) => phases.includes('run')),
  );
  const folded = foldNames(behavioursOf(before.behavior), behavioursOf(after.behavior));
  const { before: left, after: right, uncompared } = folded;
  const differences = [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const [was, is] = [left.get(key), right.get(key)];
    const known = is ?? was;
    if (known === undefined || unwatched.has(known.subject.kind)) return [];
    const found = difference(known, was, is, { threshold, later });
    if (found === undefined) return [];
    const withProcess =
      found.change === 'changed'
        ? isByNewcomers(found, known, left, right)
        : isBelowAbsent(known, found.change === 'new' ? left : right);
    return [withProcess ? { ...found, withProcess } : found];
  });
  return {
    threshold,
    differences: differences.sort(byRelevance),
    caveats: [...caveats, ...uncomparedOf('before', uncompared.before), ...uncomparedOf('after', uncompared.after)],
  };
}

function uncomparedOf(side: 'before' | 'after', uncompared: Uncompared): Caveat[] {
  const kinds = Map.groupBy(uncompared.values(), (kind) => kind);
  return Array.from(kinds, ([kind, { length: count }]) => ({ side, kind, reason: 'too-many-patterns', count }));
}

/** The process of a behaviour is not in the other profile either. */
function isBelowAbsent({ subject, process }: ComparedBehaviour, other: Behaviours): boolean {
  return subject.kind !== 'process' && process !== undefined && !other.has(processKey(process));
}

/** All that changed is by whom, and they are those who began its process, or did so no more. */
function isByNewcomers(
  { gained, lost, shifted, actors, overlapping }: Difference,
  { subject, process }: ComparedBehaviour,
  left: Behaviours,
  right: Behaviours,
): boolean {
  if (subject.kind === 'process' || process === undefined || actors === undefined || overlapping) return false;
  const [before, after] = [left, right].map((side) => side.get(processKey(process))?.ways ?? {});
  return (
    gained.length + lost.length + shifted.length === 0 &&
    actors.gained.every(({ actor }) => before?.[actor] === undefined) &&
    actors.lost.every(({ actor }) => after?.[actor] === undefined)
  );
}

function difference(
  { subject, lineage }: ComparedBehaviour,
  old: ComparedBehaviour | undefined,
  young: ComparedBehaviour | undefined,
  { threshold, later }: { readonly threshold: number; readonly later: boolean },
): Difference | undefined {
  const ways = changedWays(old?.ways ?? {}, young?.ways ?? {}, threshold);
  const both = old && young ? sharedChanges(old, young, later) : {};
  const changes = [...ways.gained, ...ways.lost, ...ways.shifted, ...Object.keys(both)];
  const change = changeOf(old, young);
  if (change === 'changed' && changes.length === 0) return undefined;
  return {
    ...subject,
    change,
    relevance: relevanceOf(subject, differingWays(ways, both, [old, young])),
    lineage,
    ...(old !== undefined && { before: old.ways }),
    ...(young !== undefined && { after: young.ways }),
    ...ways,
    ...both,
  };
}

/** What changed of a behaviour that both have, besides its ways. */
function sharedChanges(old: ComparedBehaviour, young: ComparedBehaviour, later: boolean): SharedChanges {
  const [before, after] = [old.names, young.names];
  return {
    ...circumstanceChanges(old, young, later),
    ...(before !== undefined && after !== undefined && { overlapping: { before, after } }),
  };
}

function changeOf(old: unknown, young: unknown): Difference['change'] {
  if (old === undefined) return 'new';
  return young === undefined ? 'gone' : 'changed';
}

type ChangedWays = Pick<Difference, 'gained' | 'lost' | 'shifted'>;

function changedWays(before: Ways, after: Ways, threshold: number): ChangedWays {
  const shifted = Object.keys(before).filter((way) => {
    const [was, is] = [before[way], after[way]];
    return typeof was === 'number' && typeof is === 'number' && Math.abs(is - was) >= threshold && is !== was;
  });
  return {
    gained: without(after, before).sort(byText),
    lost: without(before, after).sort(byText),
    shifted: shifted.sort(byText),
  };
}

/** By which it is judged: how often something happens counts only where nothing else differs, and new names for all that is done. */
function differingWays(
  { gained, lost, shifted }: ChangedWays,
  { actors, overlapping }: SharedChanges,
  sides: readonly (ComparedBehaviour | undefined)[],
): readonly string[] {
  if (overlapping !== undefined) return sides.flatMap((side) => Object.keys(side?.ways ?? {}));
  const doings = actors === undefined ? [] : [...actors.gained, ...actors.lost];
  const differing = [...gained, ...lost, ...doings.map(({ way }) => way)];
  return differing.length > 0 ? differing : shifted;
}

function without(ways: Ways, others: Ways): string[] {
  return Object.keys(ways).filter((way) => !Object.hasOwn(others, way));
}

const kindOfList: Readonly<Record<BehaviourKind, Kind>> = {
  processes: 'process',
  files: 'file',
  dns: 'dns',
  network: 'network',
};

/** What one side did not watch cannot be new or gone on the other; what it left out may only seem so. */
function caveatsOf(side: 'before' | 'after', own: ComparedProfile, other: ComparedProfile): Caveat[] {
  const [mine, theirs] = [watchedKinds(own), watchedKinds(other)];
  const missing = [...theirs].filter((kind) => !mine.has(kind));
  return [
    ...missing.map((kind) => ({ side, kind, reason: 'not-watched' }) as const),
    ...behaviourKinds.flatMap((list) => {
      const count = own.evidence?.omitted?.[list] ?? 0;
      return count === 0 ? [] : [{ side, kind: kindOfList[list], reason: 'omitted', count } as const];
    }),
    ...(own.evidence?.completeness?.blindSpots ?? []).map((use) => ({ side, reason: 'blind-spot', ...use }) as const),
  ];
}

function watchedKinds({ behavior, evidence }: ComparedProfile): ReadonlySet<Kind> {
  const listed = listedKinds(behavior);
  const collected = evidence?.completeness?.kindsCollected;
  return collected === undefined ? listed : new Set(collected.filter((kind) => listed.has(kind)));
}

function byRelevance(left: Difference, right: Difference): number {
  return (
    stage(left) - stage(right) ||
    relevanceRank(left.relevance) - relevanceRank(right.relevance) ||
    highest(right) - highest(left) ||
    byText(textOf(left), textOf(right))
  );
}

function stage(one: Difference): number {
  if (one.change === 'gone') return 2;
  return hasCome(one) ? 0 : 1;
}

/** It is done newly, or in a new way, by somebody else, later than before, or under names of which only some were known. */
export function hasCome({ change, gained, actors, phases, overlapping }: Difference): boolean {
  if (overlapping !== undefined) return true;
  const more = [gained, actors?.gained ?? [], phases?.gained ?? []];
  return change === 'new' || (change === 'changed' && more.some((list) => list.length > 0));
}

function highest({ before, after }: Difference): number {
  return Object.values(after ?? before ?? {}).reduce<number>((most, score) => Math.max(most, score ?? -1), -1);
}

function textOf(one: Difference): string {
  return [
    one.kind,
    ...one.lineage,
    'path' in one ? one.path : '',
    'name' in one ? one.name : '',
    endpointText(one),
  ].join('\n');
}

function endpointText(one: Difference): string {
  return one.kind === 'network' ? `${one.direction} ${one.protocol} ${one.peer ?? ''}` : '';
}
