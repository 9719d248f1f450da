/**
 * Keys that are not kept are counted by a sketch: the 256 smallest hashes of them. Sketches merge by union; up to 255 the count is
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

/** How many distinct keys a sketch of this size has seen. */
export function sketchCount(sketch: readonly number[], size = sketchSize): number {
  const largest = sketch[size - 1];
  return largest === undefined ? sketch.length : Math.round((size - 1) / (largest / hashRange));
}
