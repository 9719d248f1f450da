import { expect, test } from 'vitest';
import { createBootClock } from './clock.ts';

test('converts by the distance of both clocks, and follows when the time of day is set', () => {
  let reading = { boot: 5e9, epoch: 1_800_000_000e9, took: 1_000 };
  const clock = createBootClock(() => reading);
  expect(clock.toEpochMs(5e9 + 1_500_000)).toBe(1_800_000_000_001.5);
  expect(clock.toEpochMs(4e9)).toBe(1_799_999_999_000);

  reading = { boot: 6e9, epoch: 1_900_000_000e9, took: 1_000 };
  clock.refresh();
  expect(clock.toEpochMs(5e9)).toBe(1_800_000_000_000);

  reading = { boot: 16e9, epoch: 1_900_000_000e9, took: 1_000 };
  clock.refresh();
  expect(clock.toEpochMs(16e9)).toBe(1_900_000_000_000);
});

test('believes a reading in which nobody else had his turn', () => {
  const late = 40e6;
  const readings = [late, 0, late].map((took) => ({ boot: 5e9, epoch: 1_800_000_000e9 + took, took }));
  const clock = createBootClock(() => readings.shift() ?? { boot: 0, epoch: 0, took: 0 });
  expect(clock.toEpochMs(5e9)).toBe(1_800_000_000_000);
});
