import { expect, test } from 'vitest';
import { slope, summarize } from './statistics.ts';

test('the middle and the outer tenths of a series, whatever its order', () => {
  const figures = Array.from({ length: 11 }, (_, index) => (index * 7) % 11);
  expect(summarize(figures)).toEqual({ median: 5, low: 1, high: 9, count: 11 });
  expect(summarize([1, 2, 3, 4])).toMatchObject({ median: 2.5, low: 1, high: 4 });
});

test('few figures show their extremes, one figure itself, and none is an error', () => {
  expect(summarize([3, 1, 2])).toMatchObject({ low: 1, high: 3 });
  expect(summarize([8])).toEqual({ median: 8, low: 8, high: 8, count: 1 });
  expect(() => summarize([])).toThrow('no figures');
});

test('the slope of a line is found, and of a level there is none', () => {
  const line = [0, 1, 2, 5].map((x) => [x, 3 * x - 4] as const);
  expect(slope(line)).toBeCloseTo(3);
  expect(slope(line.map(([x]) => [x, 7] as const))).toBe(0);
  expect(slope([[1, 2]])).toBe(0);
});
