/**
 * Patterns of two profiles that have names in common though neither stands for all of the other's: each is half known. They
 * are compared as one behaviour, which says how either profile calls it, instead of as one that came and one that is gone.
 * Where several overlap with one another, they are one. So are the addresses that a process talked to on a port, and the
 * Internet, to which it talks on that port in the other profile.
 */
import { mayOverlap, type Outline, outlineOf } from '../pattern/outline.ts';
import { elementsOverlap } from '../pattern/overlap.ts';
import { blockCovers, isInternet } from './blocks.ts';
import { below, type ComparedBehaviour, type Subject } from './diff-behaviours.ts';
import { joinDoers } from './diff-circumstances.ts';
import { byText } from './evidence.ts';

type Folded = ReadonlyMap<string, ComparedBehaviour>;
type Groups = Map<ComparedBehaviour, Set<ComparedBehaviour>>;
type Kinds = ReadonlyMap<string, Subject['kind']>;

/** What may stand for many, and where: of different places nothing overlaps. */
interface Patterns {
  readonly isWide: (one: ComparedBehaviour) => boolean;
  readonly placeOf: (one: ComparedBehaviour) => string;
  readonly elementsOf: (one: ComparedBehaviour) => readonly string[];
}

interface Pattern {
  readonly behaviour: ComparedBehaviour;
  readonly elements: readonly string[];
  readonly outline: Outline;
}

type Pair = readonly [Pattern, Pattern];

/**
 * What one call may spend, in units of some 60 to 200 ns: a few seconds at worst. A glance at a pair takes one, so 4,000
 * patterns against 4,000 are looked at if few are alike; a comparison takes 200 for each element and more for long ones, so of
 * short patterns that all look alike some 60,000 pairs are compared.
 */
const mostUnits = 2 ** 24;

export interface FoldedOverlaps {
  readonly before: Folded;
  readonly after: Folded;
  /** By key, what was not compared with all others. */
  readonly uncompared: { readonly before: Kinds; readonly after: Kinds };
}

/** Both, with patterns that overlap counted as one. Of those that both have, or that one side alone has, nothing changes. */
export function foldOverlaps(old: Folded, young: Folded, patterns: Patterns, units = mostUnits): FoldedOverlaps {
  const groups: Groups = new Map();
  const [mine, theirs] = [byPlace(old, young, patterns), byPlace(young, old, patterns)];
  const uncompared = { before: new Map<string, Subject['kind']>(), after: new Map<string, Subject['kind']>() };
  let left = units;
  // In an order that does not depend on which profile is the first.
  for (const place of [...mine.keys()].filter((key) => theirs.has(key)).sort(byText)) {
    const [own, others] = [mine.get(place) ?? [], theirs.get(place) ?? []];
    if (own[0]?.behaviour.subject.kind === 'network') {
      for (const pair of internetPairs(own, others)) compare(groups, pair);
      continue;
    }
    const { compared, spent } = comparePatterns(groups, own, others, left);
    left -= spent;
    for (const { behaviour } of own.slice(compared)) uncompared.before.set(behaviour.key, behaviour.subject.kind);
    for (const { behaviour } of others.slice(compared)) uncompared.after.set(behaviour.key, behaviour.subject.kind);
  }
  return { ...joinGroups(old, young, groups), uncompared };
}

/** What only `one` has, by text. */
function byPlace(one: Folded, other: Folded, { isWide, placeOf, elementsOf }: Patterns): Map<string, Pattern[]> {
  const own = [...one.values()].filter((behaviour) => !other.has(behaviour.key) && isWide(behaviour));
  const places = Map.groupBy(own.sort(byName), placeOf);
  return new Map(
    Array.from(places, ([place, list]) => [
      place,
      list.map((behaviour) => {
        const elements = elementsOf(behaviour);
        return { behaviour, elements, outline: outlineOf(elements) };
      }),
    ]),
  );
}

/** One end of each is the Internet, of which a place has two at most. */
function internetPairs(own: readonly Pattern[], others: readonly Pattern[]): Pair[] {
  const isWide = ({ elements: [peer = ''] }: Pattern): boolean => isInternet(peer);
  return [
    ...own.filter(isWide).flatMap((one) => others.map((other) => [one, other] as const)),
    ...others.filter(isWide).flatMap((other) => own.map((one) => [one, other] as const)),
  ];
}

/**
 * The first with the first, then the second of either side with those up to it, and so on: whichever side comes first, the
 * same pairs are compared before the units are spent.
 *
 * @returns how many of each side were compared with as many of the other
 */
function comparePatterns(
  groups: Groups,
  own: readonly Pattern[],
  others: readonly Pattern[],
  units: number,
): { compared: number; spent: number } {
  let spent = 0;
  for (let index = 0; index < Math.max(own.length, others.length); index += 1) {
    const { alike, cost } = pairsOf(own, others, index);
    if (spent + cost > units) return { compared: index, spent: units };
    spent += cost;
    for (const pair of alike) compare(groups, pair);
  }
  return { compared: Infinity, spent };
}

/** Pairs of which one is at this place and the other not behind it, as far as they may overlap. */
function pairsOf(own: readonly Pattern[], others: readonly Pattern[], index: number): { alike: Pair[]; cost: number } {
  const alike: Pair[] = [];
  let cost = 0;
  const look = (one: Pattern, other: Pattern): void => {
    cost += 1 + ((one.elements.length + other.elements.length) >> 4);
    if (!mayOverlap(one.outline, other.outline)) return;
    alike.push([one, other]);
    cost += costOf(one.elements, other.elements);
  };
  const [left, right] = [own[index], others[index]];
  if (left !== undefined) for (const other of others.slice(0, index + 1)) look(left, other);
  if (right !== undefined) for (const one of own.slice(0, index)) look(one, right);
  return { alike, cost };
}

function costOf(one: readonly string[], other: readonly string[]): number {
  return one.reduce((sum, { length }, index) => sum + 200 + ((length * (other[index]?.length ?? 0)) >> 3), 0);
}

function compare(
  groups: Groups,
  [{ behaviour: left, elements: one }, { behaviour: right, elements: other }]: Pair,
): void {
  if (!isOne(groups, left, right) && overlap(left, right, one, other)) unite(groups, left, right);
}

function overlap(
  left: ComparedBehaviour,
  right: ComparedBehaviour,
  one: readonly string[],
  other: readonly string[],
): boolean {
  if (left.subject.kind !== 'network' || right.subject.kind !== 'network') {
    return one.every((element, index) => elementsOverlap(element, other[index] ?? ''));
  }
  const [peer, opposite] = [left.subject.peer, right.subject.peer];
  const sharesPort = Object.keys(left.ways).some((port) => Object.hasOwn(right.ways, port));
  return sharesPort && (isInternetOf(peer, opposite) || isInternetOf(opposite, peer));
}

function joinGroups(old: Folded, young: Folded, groups: Groups): { before: Folded; after: Folded } {
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
  return { before, after };
}

function isInternetOf(peer = '', other = ''): boolean {
  return isInternet(peer) && blockCovers(peer, other);
}

function isOne(groups: Groups, left: ComparedBehaviour, right: ComparedBehaviour): boolean {
  const group = groups.get(left);
  return group !== undefined && group === groups.get(right);
}

/** All that overlap with one of a group are of it. */
function unite(groups: Groups, left: ComparedBehaviour, right: ComparedBehaviour): void {
  const [one, other] = [groups.get(left) ?? new Set([left]), groups.get(right) ?? new Set([right])];
  const [few, many] = one.size < other.size ? [one, other] : [other, one];
  for (const member of few) many.add(member);
  for (const member of [...few, left, right]) groups.set(member, many);
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
