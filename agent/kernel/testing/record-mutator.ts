/**
 * Records as a broken or hostile sender could make them: drawn from written ones, from structs filled at random, and changed
 * in the places where decoders trust a number. Deterministic for a seed.
 */
import { layouts, RecordType } from '../record-layout.ts';

/** Random integers below a limit (xorshift32); a million draws take milliseconds. */
export type Random = (below: number) => number;

export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** Room behind the largest struct, for strings. */
const DATA_MAX = 600;
const structSizes = Object.entries(layouts).flatMap(([name, { size }]) => (name.startsWith('record_') ? [size] : []));
const types = Object.values(RecordType);
export const MUTANT_MAX = Math.max(...structSizes) + DATA_MAX;

const { size: sizeAt, type: typeAt } = layouts.record_header.members;
/** At the borders of what one, two and four bytes hold. */
const edges = [0, 1, 2, 7, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** What decoders look for in data: ends of strings, separators, the first bytes of UTF-8 sequences, DNS pointers. */
const telling = Buffer.from('\0\0\0/.a\\\n\x1b\x7f\x80\xc0\xc3\xe2\xed\xf0\xff', 'latin1');

/** A struct of some size under some type: fields small enough to be lengths that fit, or anything. */
function invented(random: Random, target: Buffer): number {
  const fixed = structSizes[random(structSizes.length)] ?? 0;
  const size = fixed + random(DATA_MAX);
  const any = random(4) === 0;
  for (let at = 0; at < size; at++) {
    if (any) target[at] = random(256);
    else if (at >= fixed) target[at] = random(3) === 0 ? (telling[random(telling.length)] ?? 0) : 0x61 + random(26);
    else target[at] = at % 2 === 0 ? random(96) : 0;
  }
  target.writeUInt32LE(size, sizeAt);
  target[typeAt] = types[random(types.length)] ?? 0;
  return size;
}

function change(random: Random, target: Buffer, size: number): void {
  const at = random(size);
  switch (random(5)) {
    case 0:
      target[at] = random(256);
      return;
    case 1:
      target[at] = (target[at] ?? 0) ^ (1 << random(8));
      return;
    case 2:
      target[at] = telling[random(telling.length)] ?? 0;
      return;
    case 3: {
      const even = at & ~1;
      if (even + 2 <= size) target.writeUInt16LE((edges[random(edges.length)] ?? 0) & 0xffff, even);
      return;
    }
    default: {
      const aligned = at & ~3;
      if (aligned + 4 <= size) target.writeUInt32LE(edges[random(edges.length)] ?? 0, aligned);
    }
  }
}

/**
 * Writes the next record to `target`, which has room for MUTANT_MAX and the longest sample.
 * @returns its length, as the ring would tell it; the size in its own header may be another
 */
export function mutate(random: Random, samples: readonly Buffer[], target: Buffer): number {
  let size: number;
  if (random(3) === 0) size = invented(random, target);
  else {
    const sample = samples[random(samples.length)] ?? Buffer.alloc(0);
    size = sample.copy(target);
    if (random(8) === 0) target[typeAt] = types[random(types.length)] ?? 0;
  }
  for (let left = random(8); left > 0; left--) change(random, target, size);
  // Cut off, with a header that knows of it, so that decoders see how little is left of what the fields promise.
  if (random(4) === 0) {
    size = random(size + 1);
    if (size >= sizeAt + 4) target.writeUInt32LE(size, sizeAt);
  }
  return size;
}
