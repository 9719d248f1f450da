/** How near things are to each other: numbers of which the first that differs decides, larger is nearer. */
import { signatureOf } from '../pattern/signature.ts';

export type Nearness = readonly number[];

function compare(left: Nearness, right: Nearness): number {
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

/**
 * The nearest, of equally near ones the first; undefined where none is near at all. One pass: 20,000 candidates, as many as
 * one process has at most, take some ten milliseconds.
 */
export function nearestOf<Candidate>(
  candidates: Iterable<Candidate>,
  nearness: (candidate: Candidate) => Nearness | undefined,
): Candidate | undefined {
  let best: { readonly candidate: Candidate; readonly nearness: Nearness } | undefined;
  for (const candidate of candidates) {
    const near = nearness(candidate);
    if (near === undefined || (best !== undefined && compare(near, best.nearness) <= 0)) continue;
    best = { candidate, nearness: near };
  }
  return best?.candidate;
}

/**
 * Of two paths: how many directories they have in common, whether they are called the same, whether their names are made alike,
 * and how much of the names begins and ends alike. Not near: nothing in common, neither a directory nor the name.
 */
export function nearPath(wanted: string): (path: string) => Nearness | undefined {
  const own = baseName(wanted);
  const signature = signatureOf(own);
  return (path) => {
    const shared = sharedDirectories(wanted, path);
    const other = baseName(path);
    if (shared === 0 && own !== other) return undefined;
    return [shared, Number(own === other), Number(signature === signatureOf(other)), sharedEnds(own, other)];
  };
}

/** Of two DNS names below one domain: how many labels before it they share, and how much of the rest. */
export function nearNames(wanted: string, name: string): Nearness {
  const [own, other] = [wanted.split('.').toReversed(), name.split('.').toReversed()];
  const differs = own.findIndex((label, index) => label !== other[index]);
  const shared = differs < 0 ? own.length : differs;
  return [shared, sharedEnds(own[shared] ?? '', other[shared] ?? '')];
}

function sharedDirectories(left: string, right: string): number {
  let shared = 0;
  const end = Math.min(left.length, right.length);
  // The root itself is nothing in common.
  for (let at = 1; at < end && left.charCodeAt(at) === right.charCodeAt(at); at += 1) {
    if (left.charCodeAt(at) === slash) shared += 1;
  }
  return shared;
}

const slash = 0x2f;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Characters at the beginning and at the end that two names have in common, none of them counted twice. */
function sharedEnds(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let front = 0;
  while (front < length && left.charCodeAt(front) === right.charCodeAt(front)) front += 1;
  let back = 0;
  while (back < length - front && left.at(-1 - back) === right.at(-1 - back)) back += 1;
  return front + back;
}
