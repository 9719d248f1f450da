/**
 * What one profile has and another has not: two tags of an image, or one at two times. Pure; `diff(a, a)` is empty, and
 * `diff(b, a)` is `diff(a, b)` with new and gone, before and after changed round.
 *
 * The order: what came (new behaviours, and known ones done in a new way), then what became more or less common or lost a
 * way, then what is gone. Within each by relevance (diff-relevance.ts), then the most common first, then by text.
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
import { foldIntoPatterns, foldIntoSignatures } from './diff-patterns.ts';
import { type Relevance, relevanceOf, relevanceRank } from './diff-relevance.ts';
import { type BehaviourKind, behaviourKinds, byText } from './evidence.ts';
import type { PublishedBehavior } from './publication.ts';

/** A Publication is one. */
export interface ComparedProfile {
  readonly behavior: PublishedBehavior;
  readonly evidence?: {
    readonly completeness?: { readonly kindsCollected?: readonly Kind[] };
    readonly omitted?: Readonly<Record<BehaviourKind, number>>;
  };
}

export type Difference = Subject & {
  readonly change: 'new' | 'gone' | 'changed';
  readonly relevance: Relevance;
  /** Programs from the root of the lineage to the process; empty for what containers do as a whole. */
  readonly lineage: readonly string[];
  /** Its process is itself new or gone. */
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
  | { readonly side: 'before' | 'after'; readonly kind: Kind; readonly reason: 'omitted'; readonly count: number };

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
  const unwatched = new Set(caveats.filter(({ reason }) => reason === 'not-watched').map(({ kind }) => kind));
  const [old, young] = [behavioursOf(before.behavior), behavioursOf(after.behavior)];
  const [oldest, youngest] = [foldIntoPatterns(old, young), foldIntoPatterns(young, old)];
  const [left, right] = [foldIntoSignatures(oldest, youngest), foldIntoSignatures(youngest, oldest)];
  const differences = [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const [was, is] = [left.get(key), right.get(key)];
    const known = is ?? was;
    if (known === undefined || unwatched.has(known.subject.kind)) return [];
    const found = difference(known, was, is, threshold);
    if (found === undefined) return [];
    const withProcess = found.change !== 'changed' && isBelowAbsent(known, found.change === 'new' ? left : right);
    return [withProcess ? { ...found, withProcess } : found];
  });
  return { threshold, differences: differences.sort(byRelevance), caveats };
}

/** The process of a behaviour is not in the other profile either. */
function isBelowAbsent({ subject, process }: ComparedBehaviour, other: ReadonlyMap<string, unknown>): boolean {
  return subject.kind !== 'process' && process !== undefined && !other.has(processKey(process));
}

function difference(
  { subject, lineage }: ComparedBehaviour,
  old: ComparedBehaviour | undefined,
  young: ComparedBehaviour | undefined,
  threshold: number,
): Difference | undefined {
  const [before, after] = [old?.ways ?? {}, young?.ways ?? {}];
  const gained = without(after, before);
  const lost = without(before, after);
  const shifted = Object.keys(before).filter((way) => {
    const [was, is] = [before[way], after[way]];
    return typeof was === 'number' && typeof is === 'number' && Math.abs(is - was) >= threshold && is !== was;
  });
  const change = old === undefined ? 'new' : young === undefined ? 'gone' : 'changed';
  const differing = [...gained, ...lost];
  if (change === 'changed' && differing.length + shifted.length === 0) return undefined;
  return {
    ...subject,
    change,
    relevance: relevanceOf(subject, differing.length > 0 ? differing : shifted),
    lineage,
    ...(old !== undefined && { before: old.ways }),
    ...(young !== undefined && { after: young.ways }),
    gained: gained.sort(byText),
    lost: lost.sort(byText),
    shifted: shifted.sort(byText),
  };
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

function stage({ change, gained }: Difference): number {
  if (change === 'gone') return 2;
  return gained.length > 0 || change === 'new' ? 0 : 1;
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
