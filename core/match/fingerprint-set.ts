/**
 * A set of fingerprints that is small as bytes and quick to ask: sorted into 2^b buckets by their first b bits, of which only
 * 32 more are kept. As bytes: one byte per bucket that says how many are in it, then the 32 bits of each in order.
 *
 * Buckets are about as many as fingerprints, so asking takes the same few steps for 500 as for 50,000, and what was never put
 * in is found by chance with the probability of (fingerprints per bucket, less than 2) / 2^32 < 2^-31: once in two billion
 * questions, at every size.
 */
import type { Hash64 } from './keyed-hash.ts';

/** 16 bits of buckets are 64 KiB. They serve less than 131,072 fingerprints, far more than a profile may have. */
const bucketBits = { least: 4, most: 16 } as const;

/** On average one or two are in a bucket: that there are 256 in one does not happen. */
const mostInBucket = 255;

export function bucketBitsFor(count: number): number {
  const bits = 31 - Math.clz32(Math.max(1, count));
  return Math.min(bucketBits.most, Math.max(bucketBits.least, bits));
}

export interface EncodedSet {
  readonly bits: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

export function encodedLength(bits: number, count: number): number {
  return 2 ** bits + 4 * count;
}

/** Equal sets of fingerprints give equal bytes, whatever their order. */
export function encodeSet(fingerprints: readonly Hash64[]): EncodedSet {
  const bits = bucketBitsFor(fingerprints.length);
  // Bucket and the 32 bits behind it in one number: 48 bits, exact in a double.
  const sorted = Float64Array.from(fingerprints, ({ high, low }) => bucketOf(high, bits) * 2 ** 32 + low).sort();
  const distinct = sorted.filter((number, index) => index === 0 || number !== sorted[index - 1]);
  const bytes = new Uint8Array(encodedLength(bits, distinct.length));
  const view = new DataView(bytes.buffer);
  distinct.forEach((number, index) => {
    const bucket = Math.floor(number / 2 ** 32);
    const inBucket = view.getUint8(bucket);
    if (inBucket === mostInBucket) throw new RangeError(`more than ${mostInBucket} fingerprints begin alike`);
    view.setUint8(bucket, inBucket + 1);
    view.setUint32(2 ** bits + 4 * index, number % 2 ** 32, true);
  });
  return { bits, count: distinct.length, bytes };
}

function bucketOf(high: number, bits: number): number {
  return high >>> (32 - bits);
}

export class FingerprintSet {
  readonly #bits: number;
  /** Of each bucket, where it begins in `lows`; one more says where the last one ends. */
  readonly #starts: Uint32Array;
  readonly #lows: Uint32Array;

  constructor(bits: number, starts: Uint32Array, lows: Uint32Array) {
    this.#bits = bits;
    this.#starts = starts;
    this.#lows = lows;
  }

  get size(): number {
    return this.#lows.length;
  }

  has({ high, low }: Hash64): boolean {
    const bucket = bucketOf(high, this.#bits);
    const end = this.#starts[bucket + 1] ?? 0;
    for (let at = this.#starts[bucket] ?? 0; at < end; at += 1) if (this.#lows[at] === low) return true;
    return false;
  }
}

/** What is wrong with bytes, and at which of them. */
export interface Damage {
  readonly problem: string;
  readonly at: number;
}

/** Reads what {@link encodeSet} wrote from `at` to the end of the bytes, believing nothing of it. */
export function decodeSet(bytes: Uint8Array, at: number, bits: number, count: number): FingerprintSet | Damage {
  if (bits < bucketBits.least || bits > bucketBits.most) return { problem: `has 2^${bits} buckets`, at };
  const lowsAt = at + 2 ** bits;
  if (bytes.length !== at + encodedLength(bits, count)) {
    return {
      problem: `must have ${at + encodedLength(bits, count)} bytes for ${count} fingerprints`,
      at: bytes.length,
    };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Uint32Array(2 ** bits + 1);
  const lows = new Uint32Array(count);
  let filled = 0;
  for (let bucket = 0; bucket < 2 ** bits; bucket += 1) {
    const end = filled + view.getUint8(at + bucket);
    if (end > count) return { problem: `has more than its ${count} fingerprints in buckets`, at: at + bucket };
    for (let index = filled; index < end; index += 1) {
      const low = view.getUint32(lowsAt + 4 * index, true);
      if (index > filled && low <= (lows[index - 1] ?? 0)) {
        return { problem: 'repeats a fingerprint or has it out of order', at: lowsAt + 4 * index };
      }
      lows[index] = low;
    }
    filled = end;
    starts[bucket + 1] = end;
  }
  if (filled < count) return { problem: `has ${filled} of its ${count} fingerprints in buckets`, at: lowsAt };
  return new FingerprintSet(bits, starts, lows);
}
