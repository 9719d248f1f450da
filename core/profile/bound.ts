/**
 * How a table stays within its limit without the order of arrival mattering: it keeps the smallest keys of a fixed order.
 * What belongs to the smallest of a union belongs to the smallest of every part that has it, so it is never dropped on the
 * way and its containers are complete; what is dropped once would be dropped in every order. Growing is the one law that a
 * full table gives up: a new behaviour may push out a known one, and then it is counted as omitted.
 */

import { byText } from './evidence.ts';

/**
 * Omitted keys are counted by a sketch: the 256 smallest hashes of them. Sketches merge by union; up to 255 the count is
 * exact, beyond it is an estimate with a standard error of 1/sqrt(254), about 6 %.
 */
export const sketchSize = 256;
const hashRange = 2 ** 52;

/**
 * 52-bit hash of a text, two FNV-1a lanes with a final mix each. It need not resist an attacker: whoever grinds names to
 * fill a table only ruins the profile of the image that runs them, visibly.
 */
export function hash52(text: string, seed: number): number {
  let high = 0x811c_9dc5 ^ seed;
  let low = 0x01d8_4a53 ^ Math.imul(seed + 1, 0x9e37_79b1);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x0100_0193);
    low = Math.imul(low ^ unit, 0x0100_01b3);
  }
  return (mix(high) >>> 6) * 2 ** 26 + (mix(low ^ high) >>> 6);
}

function mix(word: number): number {
  const first = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35);
  return second ^ (second >>> 16);
}

/** Union of two sketches. */
export function mergeSketches(left: readonly number[], right: readonly number[]): readonly number[] {
  if (left.length === 0 || right.length === 0) return left.length === 0 ? right : left;
  return smallest(new Set([...left, ...right]));
}

export function addToSketch(sketch: readonly number[], keys: readonly string[]): readonly number[] {
  return keys.length === 0 ? sketch : smallest(new Set([...sketch, ...keys.map((key) => hash52(key, 1))]));
}

function smallest(hashes: ReadonlySet<number>): readonly number[] {
  return [...hashes].sort((a, b) => a - b).slice(0, sketchSize);
}

/** How many distinct keys a sketch has seen. */
export function sketchCount(sketch: readonly number[]): number {
  const largest = sketch[sketchSize - 1];
  return largest === undefined ? sketch.length : Math.round((sketchSize - 1) / (largest / hashRange));
}

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
  const ranked = [...entries].map(([key, entry]) => ({ key, entry, rank: hash52(key, 0) }));
  const largest = Float64Array.from(ranked, ({ rank }) => rank).sort()[limit - 1] ?? -1;
  const sure = ranked.filter(({ rank }) => rank < largest);
  // Usually one; more only if hashes collide, and then the text decides.
  const tied = ranked.filter(({ rank }) => rank === largest).sort((left, right) => byText(left.key, right.key));
  const room = limit - sure.length;
  const beyond = ranked.filter(({ rank }) => rank > largest);
  return {
    kept: new Map([...sure, ...tied.slice(0, room)].map(({ key, entry }) => [key, entry])),
    dropped: [...tied.slice(room), ...beyond].map(({ key }) => key),
  };
}
