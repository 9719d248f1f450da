/**
 * How a table stays within its limit without the order of arrival mattering: it keeps the smallest keys of a fixed order.
 * What belongs to the smallest of a union belongs to the smallest of every part that has it, so it is never dropped on the
 * way and its containers are complete; what is dropped once would be dropped in every order. Growing is the one law that a
 * full table gives up: a new behaviour may push out a known one, and then it is counted as omitted.
 *
 * Of files and names whole groups of one shape are kept or dropped, because names come and go in a group as it becomes a
 * pattern (patterns.ts) while the groups that there were only ever get more. A group weighs as many signatures as it has, and as
 * a pattern of its shape for ever as many as it took: what it weighs never shrinks either.
 */

import { byText, type NamedBehaviour } from './evidence.ts';
import { asShape, isOfShape, type Naming } from './patterns.ts';
import { hash52 } from './sketch.ts';

export interface Bounded<Entry> {
  readonly kept: ReadonlyMap<string, Entry>;
  /** Keys of the rest. */
  readonly dropped: readonly string[];
}

/** Keeps the smallest by `order`, which must depend on the entry's key alone. */
export function keepSmallest<Entry>(
  entries: ReadonlyMap<string, Entry>,
  limit: number,
  order: (left: Entry, right: Entry) => number,
): Bounded<Entry> {
  if (entries.size <= limit) return { kept: entries, dropped: [] };
  const sorted = [...entries].sort(([, left], [, right]) => order(left, right));
  return { kept: new Map(sorted.slice(0, limit)), dropped: sorted.slice(limit).map(([key]) => key) };
}

/** How entries that may become one are grouped, and what a group counts for the limit: never less than before it grew. */
export interface Groups<Entry> {
  readonly keyOf: (entry: Entry) => string;
  readonly weigh: (group: readonly Entry[]) => number;
}

/** Keeps a fair sample of groups: which stay does not depend on whose they are. */
export function keepSample<Entry>(
  entries: ReadonlyMap<string, Entry>,
  limit: number,
  { keyOf, weigh }: Groups<Entry>,
): Bounded<Entry> {
  const groups = Array.from(Map.groupBy(entries.values(), keyOf), ([key, group]) => ({ key, weight: weigh(group) }));
  if (groups.reduce((sum, { weight }) => sum + weight, 0) <= limit) return { kept: entries, dropped: [] };
  const weighed = groups.map(({ key, weight }) => ({ ...ranked(key), weight }));
  const kept = new Set(smallestByWeight(weighed, limit).map(({ key }) => key));
  return {
    kept: new Map([...entries].filter(([, entry]) => kept.has(keyOf(entry)))),
    dropped: groups.map(({ key }) => key).filter((key) => !kept.has(key)),
  };
}

/**
 * A sample of groups: first of those that stand in one directory or domain, then of all that are left, by one and the
 * same order. So the outer limit, too, keeps what it would keep in every order: of the groups before a given one, each
 * directory contributes all that it has or its limit, and neither ever gets less.
 *
 * Names come before others the more of them may vary, else by hash: of a program that makes up names, what most of them have
 * in common says more than any that have nothing in common.
 */
export function keepGroups<Entry extends NamedBehaviour>(
  entries: ReadonlyMap<string, Entry>,
  { total, siblings, shapes }: GroupLimits,
  naming: Naming<Entry>,
): Bounded<Entry> {
  const { groupOf, siblingsOf, keyOf, leafOf } = naming;
  if (fewWithin(entries.values(), { total, siblings, shapes })) return { kept: entries, dropped: [] };
  const places = new Map<string, Map<string, Group>>();
  for (const entry of entries.values()) {
    const groups = getOrAdd(places, siblingsOf(entry), () => new Map<string, Group>());
    const key = groupOf(entry);
    const group = getOrAdd(groups, key, () => ({
      key,
      rank: hash52(key, 0) + literalLength(leafOf(entry)) * 2 ** 52,
      signatures: new Set<string>(),
      whole: isOfShape(entry),
    }));
    group.signatures.add(entry.signature);
  }
  const weigh = ({ key, rank, signatures, whole }: Group): Weighed => ({
    key,
    rank,
    weight: whole ? shapes : signatures.size,
  });
  const inside = [...places.values()].flatMap((own) => smallestByWeight([...own.values()].map(weigh), siblings));
  const kept = new Set(smallestByWeight(inside, total).map(({ key }) => key));
  const dropped = [...entries.values()].filter((entry) => !kept.has(groupOf(entry)));
  if (dropped.length === 0) return { kept: entries, dropped: [] };
  return {
    kept: new Map([...entries].filter(([, entry]) => kept.has(groupOf(entry)))),
    dropped: dropped.map((entry) => keyOf(asShape(entry, naming))),
  };
}

interface GroupLimits {
  readonly total: number;
  readonly siblings: number;
  readonly shapes: number;
}

interface Group {
  readonly key: string;
  readonly rank: number;
  readonly signatures: Set<string>;
  readonly whole: boolean;
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const mostLiteral = 64;

/** Characters of a signature that are no pattern; of a name that cannot vary, more than any. */
function literalLength(signature: string): number {
  const literal = signature.replaceAll(/\{(?:digits|mixed\d+|random\d+|any\d+|numbered)\}/g, '');
  return literal === signature ? mostLiteral : Math.min(literal.length, mostLiteral - 1);
}

/** Far quicker to tell than what each process has in one directory: an entry stands for one signature, or for its shape. */
function fewWithin(entries: Iterable<NamedBehaviour>, { total, siblings, shapes }: GroupLimits): boolean {
  const counts = new Map<string, number>();
  let sum = 0;
  for (const entry of entries) {
    const weight = isOfShape(entry) ? shapes : 1;
    const count = (counts.get(entry.processId) ?? 0) + weight;
    sum += weight;
    if (count > siblings || sum > total) return false;
    counts.set(entry.processId, count);
  }
  return true;
}

interface Weighed extends Ranked {
  readonly weight: number;
}

/**
 * Those before which there is room; the last one may take more than is left, and counts as what was left. So what a
 * directory counts for among others never shrinks either.
 */
function smallestByWeight(list: readonly Weighed[], limit: number): readonly Weighed[] {
  const kept: Weighed[] = [];
  let room = limit;
  for (const group of list.toSorted(byRank)) {
    if (room <= 0) break;
    kept.push({ ...group, weight: Math.min(group.weight, room) });
    room -= group.weight;
  }
  return kept;
}

interface Ranked {
  readonly key: string;
  readonly rank: number;
}

function ranked(key: string): Ranked {
  return { key, rank: hash52(key, 0) };
}

/** Should hashes collide, the text decides. */
function byRank(left: Ranked, right: Ranked): number {
  return left.rank - right.rank || byText(left.key, right.key);
}
