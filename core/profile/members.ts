/** What a pattern was made of: about how many names, and a few of them. A set, so that it merges like everything else. */
import { hash52, sketchCount } from './sketch.ts';
import { byText } from './evidence.ts';

/** 32 hashes count to within 1/sqrt(30), about 18 %, which is enough to tell ten names from a million. */
export const memberHashes = 32;
export const memberExamples = 3;
const exampleLength = 256;

export interface Members {
  /** The smallest hashes of names, ascending. */
  readonly hashes: readonly number[];
  /** The names of the first of them. */
  readonly examples: readonly string[];
}

export function membersOf(name: string): Members {
  return { hashes: [hash52(name, 2)], examples: [cut(name)] };
}

export function joinMembers(left: Members, right: Members): Members {
  if (left === right || isBeyond(right, left) || isKnown(right, left)) return left;
  const hashes = [...new Set([...left.hashes, ...right.hashes])].sort((a, b) => a - b).slice(0, memberHashes);
  // What is among the smallest of both is among the smallest of its own side, which has its name.
  return { hashes, examples: hashes.slice(0, memberExamples).map((hash) => exampleOf(hash, left, right)) };
}

/** Should two names have one hash, the smaller text. */
function exampleOf(hash: number, left: Members, right: Members): string {
  const [one, other] = [left, right].map(({ hashes, examples }) => examples[hashes.indexOf(hash)]);
  if (one === undefined || other === undefined) return one ?? other ?? '';
  return byText(one, other) < 0 ? one : other;
}

/** None of these names is among the smallest of a pattern that has enough: the usual case for an old one. */
function isBeyond(some: Members, known: Members): boolean {
  const largest = known.hashes[memberHashes - 1];
  return largest !== undefined && some.hashes.every((hash) => hash > largest);
}

/** The same names again: the usual case for a pattern of few. */
function isKnown(some: Members, known: Members): boolean {
  return some.hashes.every((hash, index) => {
    const at = known.hashes.indexOf(hash);
    return at >= memberExamples || (at >= 0 && known.examples[at] === some.examples[index]);
  });
}

/** Exact up to 31. */
export function memberCount({ hashes }: Members): number {
  return sketchCount(hashes, memberHashes);
}

/** Half a character is no text. */
function cut(name: string): string {
  return name.length <= exampleLength ? name : `${name.slice(0, exampleLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
