import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { unwatched } from './gaps.ts';

it.each([
  ['none', [], 0],
  ['one within', [[20, 30]], 10],
  [
    'overlapping and nested ones, in any order',
    [
      [40, 60],
      [10, 50],
      [20, 30],
    ],
    50,
  ],
  [
    'parts outside',
    [
      [0, 15],
      [95, 200],
    ],
    10,
  ],
  [
    'what lies outside',
    [
      [0, 5],
      [150, 160],
    ],
    0,
  ],
])('counts of the time between 10 and 100: %s', (_, gaps, expected) => {
  expect(
    unwatched(
      gaps.map(([from = 0, to = 0]) => ({ from, to })),
      10,
      100,
    ),
  ).toBe(expected);
});

it('counts every millisecond that lies in a gap, once', () => {
  const gap = fc
    .tuple(fc.nat(30), fc.integer({ min: 1, max: 10 }))
    .map(([from, length]) => ({ from, to: from + length }));
  fc.assert(
    fc.property(fc.array(gap, { maxLength: 6 }), fc.nat(20), fc.nat(30), (gaps, from, length) => {
      const moments = Array.from({ length }, (_, index) => from + index);
      const covered = moments.filter((moment) => gaps.some((one) => one.from <= moment && moment < one.to));
      expect(unwatched(gaps, from, from + length)).toBe(covered.length);
    }),
  );
});
