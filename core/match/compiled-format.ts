/**
 * How a compiled profile looks as bytes, little-endian:
 *
 * | At | Bytes | What                                                                  |
 * |----|-------|-----------------------------------------------------------------------|
 * | 0  | 4     | `WSPM`                                                                |
 * | 4  | 1     | version of this format                                                |
 * | 5  | 1     | b: there are 2^b buckets                                              |
 * | 6  | 1     | kinds that were collected, as flags                                   |
 * | 7  | 1     | zero                                                                  |
 * | 8  | 8     | key of the hash                                                       |
 * | 16 | 4     | number of fingerprints                                                |
 * | 20 | 16    | behaviours that were left out: processes, files, names, endpoints     |
 * | 36 | …     | the set (fingerprint-set.ts)                                          |
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type BehaviourKind, behaviourKinds } from '../profile/evidence.ts';
import { decodeSet, encodeSet, FingerprintSet } from './fingerprint-set.ts';
import type { Hash64, HashKey } from './keyed-hash.ts';

const magic = [0x57, 0x53, 0x50, 0x4d] as const;
const formatVersion = 1;
const headerLength = 36;

/**
 * Of one compiled profile. At every limit of evidence there are 4,000 processes, 20,000 files with two accesses each, 8,000
 * names, and 27,200 endpoints, if most are blocks of addresses (core/profile/blocks.ts) on some 190 ports, which stand there
 * once more without their peers: 36 + 65,536 + 4 × 79,390 = 383,132 bytes. The rest of the room is for 4,210 beginnings of
 * patterns.
 */
export const compiledLimits = { bytes: 400_000, fingerprints: 83_600 } as const;

/** The name of a compiled profile, `sha256:` and 64 digits: who has the bytes can tell that they are those of the name. */
export function compiledDigest(bytes: Uint8Array): string {
  return `sha256:${bytesToHex(sha256(bytes))}`;
}

export type Omitted = Readonly<Record<BehaviourKind, number>>;

export interface CompiledContent {
  readonly key: HashKey;
  /** As flags. */
  readonly kinds: number;
  readonly omitted: Omitted;
}

export function encodeCompiled(
  { key, kinds, omitted }: CompiledContent,
  fingerprints: readonly Hash64[],
): Uint8Array<ArrayBuffer> {
  const set = encodeSet(fingerprints);
  const bytes = new Uint8Array(headerLength + set.bytes.length);
  const view = new DataView(bytes.buffer);
  bytes.set([...magic, formatVersion, set.bits, kinds, 0]);
  view.setUint32(8, key.k0, true);
  view.setUint32(12, key.k1, true);
  view.setUint32(16, set.count, true);
  behaviourKinds.forEach((kind, index) => view.setUint32(20 + 4 * index, Math.min(omitted[kind], 2 ** 32 - 1), true));
  bytes.set(set.bytes, headerLength);
  return bytes;
}

export type Decoded =
  { readonly ok: true; readonly content: CompiledContent; readonly fingerprints: FingerprintSet } | Refused;

interface Header {
  readonly ok: true;
  readonly content: CompiledContent;
  /** There are 2^bits buckets. */
  readonly bits: number;
  readonly count: number;
}

interface Refused {
  readonly ok: false;
  readonly reason: string;
}

function refuse(bytes: Uint8Array, problem: string, at: number): Refused {
  return {
    ok: false,
    reason: `compiled profile ${problem} (byte ${at} of ${bytes.length}): it has to be compiled again`,
  };
}

/** What stands before the set, which it does not look at: whether this version can read the bytes of a known digest. */
export function readHeader(bytes: Uint8Array): Header | Refused {
  if (bytes.length > compiledLimits.bytes) {
    return refuse(bytes, `is larger than ${compiledLimits.bytes} bytes`, bytes.length);
  }
  if (bytes.length < headerLength) return refuse(bytes, 'ends within its header', bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = magic.findIndex((byte, index) => bytes[index] !== byte);
  if (wrong >= 0) return refuse(bytes, 'does not begin with WSPM', wrong);
  const version = view.getUint8(4);
  if (version !== formatVersion) {
    return refuse(bytes, `has format ${version}, this version reads ${formatVersion}`, 4);
  }
  // Kinds that a newer operator knows are no harm: nobody asks for them here.
  const kinds = view.getUint8(6);
  if (view.getUint8(7) !== 0) return refuse(bytes, 'has a byte set that must be zero', 7);
  const word = (at: number): number => view.getUint32(at, true);
  const [processes, files, dns, network] = [word(20), word(24), word(28), word(32)];
  const content = { key: { k0: word(8), k1: word(12) }, kinds, omitted: { processes, files, dns, network } };
  return { ok: true, content, bits: view.getUint8(5), count: word(16) };
}

/** Reads what {@link encodeCompiled} wrote. Any bytes at all are taken; those of another origin give a reason. */
export function decodeCompiled(bytes: Uint8Array): Decoded {
  const header = readHeader(bytes);
  if (!header.ok) return header;
  const set = decodeSet(bytes, headerLength, header.bits, header.count);
  if (!(set instanceof FingerprintSet)) return refuse(bytes, set.problem, set.at);
  return { ok: true, content: header.content, fingerprints: set };
}
