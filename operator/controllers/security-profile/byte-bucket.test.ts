import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { ByteBucket } from './byte-bucket.ts';

describe('ByteBucket', () => {
  it('says when there will be enough, and is right', async () => {
    const clock = new FakeClock();
    const bucket = new ByteBucket(clock, 1_000, 500);
    expect(bucket.take(500)).toBe(0);
    expect(bucket.take(100)).toBe(100);
    await clock.advance(99);
    expect(bucket.take(100)).toBe(1);
    await clock.advance(1);
    expect(bucket.take(100)).toBe(0);
  });

  it('lets through what is larger than itself, when it is full', async () => {
    const clock = new FakeClock();
    const bucket = new ByteBucket(clock, 1_000, 500);
    expect(bucket.take(2_000)).toBe(0);
    expect(bucket.take(2_000)).toBe(500);
    await clock.advance(500);
    expect(bucket.take(2_000)).toBe(0);
  });

  it('never gives more than the burst and the rate', () => {
    const step = fc.record({ bytes: fc.integer({ min: 0, max: 500 }), after: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let now = 0;
        let given = 0;
        const bucket = new ByteBucket({ monotonic: () => now }, 1_000, 500);
        for (const { bytes, after } of steps) {
          now += after;
          if (bucket.take(bytes) === 0) given += bytes;
          expect(given).toBeLessThanOrEqual(500 + now + 1e-6);
        }
      }),
    );
  });
});
