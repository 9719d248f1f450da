/**
 * How a table stays within its limit without the order of arrival mattering: it keeps the smallest keys of a fixed order.
 * What belongs to the smallest of a union belongs to the smallest of every part that has it, so it is never dropped on the
 * way and its containers are complete; what is dropped once would be dropped in every order. Growing is the one law that a
 * full table gives up: a new behaviour may push out a known one, and then it is counted as omitted.
 *
 * Of files and names whole groups of one signature are kept or dropped, because names come and go in a group as it becomes a
 * pattern (patterns.ts) while the groups that there were only ever get more.
 */

import { byText, type NamedBehaviour } from './evidence.ts';
import { asPattern, type Naming } from './patterns.ts';
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

/** Keeps a fair sample: which keys stay does not depend on whose they are. */
export function keepSample<Entry>(entries: ReadonlyMap<string, Entry>, limit: number): Bounded<Entry> {
  if (entries.size <= limit) return { kept: entries, dropped: [] };
  const sample = smallestByHash([...entries.keys()].map(ranked), limit);
  const kept = new Set(sample.map(({ key }) => key));
  return {
    kept: new Map([...entries].filter(([key]) => kept.has(key))),
    dropped: [...entries.keys()].filter((key) => !kept.has(key)),
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
  { total, siblings }: { readonly total: number; readonly siblings: number },
  naming: Naming<Entry>,
): Bounded<Entry> {
  const { groupOf, siblingsOf, keyOf } = naming;
  if (entries.size <= total && processesWithin(entries.values(), siblings)) return { kept: entries, dropped: [] };
  const places = new Map<string, Map<string, Entry>>();
  for (const entry of entries.values()) {
    const place = siblingsOf(entry);
    const groups = places.get(place);
    if (groups === undefined) places.set(place, new Map([[groupOf(entry), entry]]));
    else groups.set(groupOf(entry), entry);
  }
  const groups = [...places.values()];
  if (groups.every(({ size }) => size <= siblings) && groups.reduce((sum, { size }) => sum + size, 0) <= total) {
    return { kept: entries, dropped: [] };
  }
  const inside = groups.flatMap((own) =>
    smallestByHash(
      Array.from(own, ([key, entry]) => ({
        key,
        rank: hash52(key, 0) + literalLength(naming.leafOf(entry)) * 2 ** 52,
      })),
      siblings,
    ),
  );
  const kept = new Set(smallestByHash(inside, total).map(({ key }) => key));
  const dropped = [...entries.values()].filter((entry) => !kept.has(groupOf(entry)));
  return {
    kept: new Map([...entries].filter(([, entry]) => kept.has(groupOf(entry)))),
    dropped: dropped.map((entry) => keyOf(asPattern(entry, naming))),
  };
}

const mostLiteral = 64;

/** Characters of a signature that are no pattern; of a name that cannot vary, more than any. */
function literalLength(signature: string): number {
  const literal = signature.replaceAll(/\{(?:digits|mixed\d+)\}/g, '');
  return literal === signature ? mostLiteral : Math.min(literal.length, mostLiteral - 1);
}

/** No process has more entries than this: far quicker to tell than what it has in one directory. */
function processesWithin(entries: Iterable<NamedBehaviour>, limit: number): boolean {
  const counts = new Map<string, number>();
  for (const { processId } of entries) {
    const count = (counts.get(processId) ?? 0) + 1;
    if (count > limit) return false;
    counts.set(processId, count);
  }
  return true;
}

interface Ranked {
  readonly key: string;
  readonly rank: number;
}

function ranked(key: string): Ranked {
  return { key, rank: hash52(key, 0) };
}

/** Should hashes collide, the text decides. */
function smallestByHash(list: readonly Ranked[], limit: number): readonly Ranked[] {
  if (list.length <= limit) return list;
  return list.toSorted((left, right) => left.rank - right.rank || byText(left.key, right.key)).slice(0, limit);
}
