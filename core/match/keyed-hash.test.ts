import { describe, expect, it } from 'vitest';
import { KeyedHash } from './keyed-hash.ts';

/** Results of the reference implementation for the key 00…07 and the messages 00 01 02 … of these lengths. */
const vectors: readonly (readonly [length: number, bytes: string])[] = [
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [8, 'edfee820bce4858c'],
  [10, '95b0469f06a6f2ee'],
  [20, '1bf52b0a6feea7db'],
  [34, '8324e4d7528f9830'],
];

const littleEndian = (word: number): string =>
  [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, '0')).join('');

describe('keyed hash', () => {
  const hash = new KeyedHash({ k0: 0x0302_0100, k1: 0x0706_0504 });

  it.each(vectors)('agrees with the reference over %i bytes', (length, bytes) => {
    const text = String.fromCharCode(...Array.from({ length: length / 2 }, (_, at) => 2 * at + ((2 * at + 1) << 8)));
    const { high, low } = hash.updateText(text);
    expect(littleEndian(high) + littleEndian(low)).toBe(bytes);
  });

  it('differs by tag, place, number and text', () => {
    const of = (...input: Parameters<KeyedHash['update']>): string => {
      const { high, low } = hash.update(...input);
      return `${high} ${low}`;
    };
    const results = [
      of(1, { high: 1, low: 2 }, 0, '/a'),
      of(2, { high: 1, low: 2 }, 0, '/a'),
      of(1, { high: 2, low: 2 }, 0, '/a'),
      of(1, { high: 1, low: 1 }, 0, '/a'),
      of(1, { high: 1, low: 2 }, 1, '/a'),
      of(1, { high: 1, low: 2 }, 0, '/a\0'),
      of(1, { high: 1, low: 2 }, 0, '/ab'),
    ];
    expect(new Set(results).size).toBe(results.length);
  });
});
