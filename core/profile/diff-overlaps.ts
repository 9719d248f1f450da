/**
 * Patterns of two profiles that have names in common though neither stands for all of the other's: each is half known. They
 * are compared as one behaviour, which says how either profile calls it, instead of as one that came and one that is gone.
 * Where several overlap with one another, they are one. So are the addresses that a process talked to on a port, and the
 * Internet, to which it talks on that port in the other profile.
 */
import { elementsOverlap } from '../pattern/overlap.ts';
import { splitName } from '../pattern/dns.ts';
import { blockCovers, isInternet } from './blocks.ts';
import { below, type ComparedBehaviour } from './diff-behaviours.ts';
import { joinDoers } from './diff-circumstances.ts';
import { byText } from './evidence.ts';

type Folded = ReadonlyMap<string, ComparedBehaviour>;
type Groups = Map<ComparedBehaviour, ReadonlySet<ComparedBehaviour>>;

/** What may stand for many, and where: of different places nothing overlaps. */
interface Patterns {
  readonly isWide: (one: ComparedBehaviour) => boolean;
  readonly placeOf: (one: ComparedBehaviour) => string;
}

/**
 * Of one place and profile, the first by text; others stay new, or gone. A pair takes some 12 µs, one of the longest names 140:
 * 128 × 128 take 0.2 s, and 2 s at worst.
 */
const mostCompared = 128;

/** Both, with patterns that overlap counted as one. Of those that both have, or that one side alone has, nothing changes. */
export function foldOverlaps(old: Folded, young: Folded, { isWide, placeOf }: Patterns): readonly [Folded, Folded] {
  const byPlace = (one: Folded, other: Folded): ReadonlyMap<string, readonly ComparedBehaviour[]> => {
    const own = [...one.values()].filter((behaviour) => !other.has(behaviour.key) && isWide(behaviour));
    return Map.groupBy(own.sort(byName), placeOf);
  };
  const theirs = byPlace(young, old);
  const groups: Groups = new Map();
  for (const [place, own] of byPlace(old, young)) {
    const others = theirs.get(place)?.slice(0, mostCompared) ?? [];
    for (const left of own.slice(0, mostCompared)) {
      for (const right of others) if (!isOne(groups, left, right) && overlap(left, right)) unite(groups, left, right);
    }
  }
  const [before, after] = [new Map(old), new Map(young)];
  for (const group of new Set(groups.values())) {
    // By the first of all texts, so that it is the same whichever profile comes first.
    const all = [...group].sort(byName);
    for (const side of [before, after]) {
      const joined = joinedAs(
        all,
        all.filter(({ key }) => side.delete(key)),
      );
      side.set(joined.key, joined);
    }
  }
  return [before, after];
}

function overlap(left: ComparedBehaviour, right: ComparedBehaviour): boolean {
  const [one, other] = [left.subject, right.subject];
  if (one.kind === 'network' && other.kind === 'network') {
    const sharesPort = Object.keys(left.ways).some((port) => Object.hasOwn(right.ways, port));
    return sharesPort && (isInternetOf(one.peer, other.peer) || isInternetOf(other.peer, one.peer));
  }
  if (one.kind === 'file' && other.kind === 'file') {
    return mayOverlap(one.path, other.path) && allOverlap(one.path.split('/'), other.path.split('/'));
  }
  if (one.kind !== 'dns' || other.kind !== 'dns') return false;
  return allOverlap(splitName(one.name).labels, splitName(other.name).labels);
}

function isInternetOf(peer = '', other = ''): boolean {
  return isInternet(peer) && blockCovers(peer, other);
}

/** What stands before the first brace stands for itself. */
function mayOverlap(one: string, other: string): boolean {
  const [left, right] = [one.slice(0, one.indexOf('{')), other.slice(0, other.indexOf('{'))];
  return left.startsWith(right) || right.startsWith(left);
}

function allOverlap(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((element, index) => elementsOverlap(element, other[index] ?? ''));
}

function isOne(groups: Groups, left: ComparedBehaviour, right: ComparedBehaviour): boolean {
  const group = groups.get(left);
  return group !== undefined && group === groups.get(right);
}

/** All that overlap with one of a group are of it. */
function unite(groups: Groups, left: ComparedBehaviour, right: ComparedBehaviour): void {
  const all = new Set([...(groups.get(left) ?? [left]), ...(groups.get(right) ?? [right])]);
  for (const member of all) groups.set(member, all);
}

/** What one side has of all of them. Without scores: how many containers showed any cannot be told from the scores of each. */
function joinedAs([first]: readonly ComparedBehaviour[], members: readonly ComparedBehaviour[]): ComparedBehaviour {
  if (first === undefined) throw new RangeError('a group of patterns is empty');
  const { process: key = '', lineage, subject } = first;
  const ways = members.flatMap((member) => Object.keys(member.ways)).map((way) => [way, null] as const);
  const doers = members.map((member) => member.doers).reduce(joinDoers);
  const names = members.map(textOf);
  return { ...below({ key, lineage }, subject, Object.fromEntries(ways), doers), names };
}

function byName(left: ComparedBehaviour, right: ComparedBehaviour): number {
  return byText(textOf(left), textOf(right));
}

function textOf({ subject }: ComparedBehaviour): string {
  if (subject.kind === 'file') return subject.path;
  if (subject.kind === 'network') return subject.peer ?? '';
  return subject.kind === 'dns' ? subject.name : '';
}
