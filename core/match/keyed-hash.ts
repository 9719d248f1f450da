/**
 * HalfSipHash-2-4 with 64 bits of result: a keyed hash of texts that needs 32-bit arithmetic alone, so it runs in half a
 * microsecond where SHA-256 takes ten. Without the key nobody can say which two texts collide.
 *
 * What is hashed: a tag, 64 bits of where it belongs, a number, and the UTF-16 code units of a text, in little-endian words.
 */
export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

/** A hash as two words; {@link KeyedHash} writes its result there to spare an object per call. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

export class KeyedHash implements Hash64 {
  readonly #k0: number;
  readonly #k1: number;
  high = 0;
  low = 0;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor({ k0, k1 }: HashKey) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** The result is in `high` and `low` until the next call. */
  update(tag: number, within: Hash64, number: number, text: string): this {
    this.#begin();
    // Of a fixed length before the text, so no two inputs give the same words.
    this.#compress(tag);
    this.#compress(within.high);
    this.#compress(within.low);
    this.#compress(number);
    this.#text(text, 16);
    return this;
  }

  /** The bare function over the code units of a text, as its published test vectors have it. */
  updateText(text: string): this {
    this.#begin();
    this.#text(text, 0);
    return this;
  }

  #begin(): void {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1 ^ 0xee;
    this.#v2 = this.#k0 ^ 0x6c79_6765;
    this.#v3 = this.#k1 ^ 0x7465_6462;
  }

  /** `before`: bytes that went in already. */
  #text(text: string, before: number): void {
    const even = text.length & ~1;
    for (let at = 0; at < even; at += 2) this.#compress(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    const rest = even < text.length ? text.charCodeAt(even) : 0;
    this.#compress(((before + 2 * text.length) << 24) | rest);
    this.#v2 ^= 0xee;
    this.#rounds(4);
    this.high = (this.#v1 ^ this.#v3) >>> 0;
    this.#v1 ^= 0xdd;
    this.#rounds(4);
    this.low = (this.#v1 ^ this.#v3) >>> 0;
  }

  #compress(word: number): void {
    this.#v3 ^= word;
    this.#rounds(2);
    this.#v0 ^= word;
  }

  #rounds(count: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    for (let round = 0; round < count; round += 1) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}
