import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { settledTime } from './settled-time.ts';
import { JumpingClock } from './testing/jumping-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
const year = 365 * 24 * hour;

function setUp() {
  const clock = new JumpingClock();
  const time = settledTime(clock);
  const start = time();
  /** Looks once a minute, as the operator does. */
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += minute) {
      clock.pass(minute);
      time();
    }
  };
  return { clock, pass, since: () => time() - start };
}

it.each([year, hour, -hour, -year])('does not follow a jump of %i ms that is taken back', (jump) => {
  const { clock, pass, since } = setUp();
  clock.jump(jump);
  expect(since()).toBe(0);
  pass(59 * minute);
  expect(since()).toBe(59 * minute);
  clock.jump(-jump);
  pass(2 * hour);
  expect(since()).toBe(3 * hour - minute);
});

it.each([year, hour, -hour, -year])('follows a jump of %i ms that stands for an hour', (jump) => {
  const { clock, pass, since } = setUp();
  clock.jump(jump);
  pass(hour);
  expect(since()).toBe(hour);
  pass(minute);
  expect(since()).toBe(jump + hour + minute);
});

it('follows what a time service corrects little by little', () => {
  const { clock, pass, since } = setUp();
  for (let step = 0; step < 60; step += 1) {
    clock.jump(-30_000);
    pass(minute);
  }
  expect(since()).toBe(hour - 60 * 30_000);
});

it('believes no clock that jumps forth and back for ever', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -24, max: 24 }), { maxLength: 20 }), (jumps) => {
      const { clock, pass, since } = setUp();
      for (const hours of jumps) {
        clock.jump(hours * hour);
        pass(30 * minute);
        clock.jump(-hours * hour);
        pass(minute);
      }
      expect(since()).toBe(jumps.length * 31 * minute);
    }),
  );
});
