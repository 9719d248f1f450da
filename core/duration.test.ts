import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatHours, parseDuration } from './duration.ts';

describe('durations', () => {
  it.each([
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['180s', 180_000],
    ['0s', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 'm', '1d', '-1s', '1.5h', '5s1m', ' 5s', '5s\n', '123456h'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 359_999_999 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });
});

describe('a time of hours', () => {
  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [3_600_000, '1.0h'],
    [12_599_999, '3.4h'],
    [360_000_000, '100.0h'],
  ])('of %i ms is %s', (milliseconds, text) => {
    expect(formatHours(milliseconds)).toBe(text);
  });
});
