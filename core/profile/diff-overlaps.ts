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

/** What may stand for many, and where: of different places nothing overlaps. */
interface Patterns {
  readonly isWide: (one: ComparedBehaviour) => boolean;
  readonly placeOf: (one: ComparedBehaviour) => string;
}

/** Both, with patterns that overlap counted as one. Of those that both have, or that one side alone has, nothing changes. */
export function foldOverlaps(old: Folded, young: Folded, { isWide, placeOf }: Patterns): readonly [Folded, Folded] {
  const own = (one: Folded, other: Folded): ComparedBehaviour[] =>
    [...one.values()].filter((behaviour) => !other.has(behaviour.key) && isWide(behaviour));
  const theirs = Map.groupBy(own(young, old), placeOf);
  const groups = new Map<ComparedBehaviour, Set<ComparedBehaviour>>();
  for (const left of own(old, young)) {
    for (const right of theirs.get(placeOf(left)) ?? []) {
      if (overlap(left, right)) unite(groups, left, right);
    }
  }
  const [before, after] = [new Map(old), new Map(young)];
  for (const group of new Set(groups.values())) {
    // By the first of all texts, so that it is the same whichever profile comes first.
    const first = [...group].reduce((least, one) => (byText(textOf(one), textOf(least)) < 0 ? one : least));
    for (const side of [before, after]) {
      const members = [...group].filter(({ key }) => side.delete(key));
      const joined = joinedAs(first, members);
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
  if (one.kind === 'file' && other.kind === 'file') return allOverlap(one.path.split('/'), other.path.split('/'));
  if (one.kind !== 'dns' || other.kind !== 'dns') return false;
  return allOverlap(splitName(one.name).labels, splitName(other.name).labels);
}

function isInternetOf(peer = '', other = ''): boolean {
  return isInternet(peer) && blockCovers(peer, other);
}

function allOverlap(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((element, index) => elementsOverlap(element, other[index] ?? ''));
}

/** All that overlap with one of a group are of it. */
function unite(
  groups: Map<ComparedBehaviour, Set<ComparedBehaviour>>,
  left: ComparedBehaviour,
  right: ComparedBehaviour,
): void {
  const [one, other] = [groups.get(left) ?? new Set([left]), groups.get(right) ?? new Set([right])];
  const all = one === other ? one : new Set([...one, ...other]);
  for (const member of all) groups.set(member, all);
}

/** Without scores: how many containers showed any of them cannot be told from the scores of each. */
function joinedAs(first: ComparedBehaviour, members: readonly ComparedBehaviour[]): ComparedBehaviour {
  const { process: key = '', lineage, subject } = first;
  const ways = members.flatMap((member) => Object.keys(member.ways)).map((way) => [way, null] as const);
  const doers = members.map((member) => member.doers).reduce(joinDoers);
  const names = members.map(textOf).sort(byText);
  return { ...below({ key, lineage }, subject, Object.fromEntries(ways), doers), names };
}

function textOf({ subject }: ComparedBehaviour): string {
  if (subject.kind === 'file') return subject.path;
  if (subject.kind === 'network') return subject.peer ?? '';
  return subject.kind === 'dns' ? subject.name : '';
}
