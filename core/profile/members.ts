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
  const hashes: number[] = [];
  const examples: string[] = [];
  // Both are ascending, so the smallest of both are found from the front. What is among the first of both is among the first of
  // its own side, which has its name.
  for (let [mine, theirs] = [0, 0]; hashes.length < memberHashes;) {
    const [one = Infinity, other = Infinity] = [left.hashes[mine], right.hashes[theirs]];
    if (one === Infinity && other === Infinity) break;
    if (examples.length < memberExamples) {
      const [name = '', otherName = ''] = [left.examples[mine], right.examples[theirs]];
      examples.push(one < other || (one === other && byText(name, otherName) < 0) ? name : otherName);
    }
    hashes.push(Math.min(one, other));
    if (one <= other) mine += 1;
    if (other <= one) theirs += 1;
  }
  return { hashes, examples };
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
