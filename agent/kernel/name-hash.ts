/** Hashes of names, the same as agent/bpf/name-hash.h computes: approvers are found by them. */

const ALL = (1n << 64n) - 1n;
const FACTOR = 0x9e3779b97f4a7c15n;
const WORD = 8;

/** ASCII letters without case; other bytes as they are. */
function folded(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function wordAt(name: Buffer, at: number): bigint {
  let word = 0n;
  for (let index = Math.min(WORD, name.length - at) - 1; index >= 0; index--) {
    word = (word << 8n) | BigInt(folded(name[at + index] ?? 0));
  }
  return word;
}

/**
 * Of one component of a path, going on from `hash`: the seed for the first.
 * @param name at most 255 bytes, without NUL and slash
 */
export function hashName(name: Buffer, hash: bigint): bigint {
  // Its NUL belongs to it, so a name of eight characters has a second word, of zeros.
  for (let at = 0; at <= name.length; at += WORD) {
    hash = ((hash ^ wordAt(name, at)) * FACTOR) & ALL;
    hash ^= hash >> 29n;
  }
  return hash;
}
