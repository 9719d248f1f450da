import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { ByteBucket } from './byte-bucket.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

describe('ByteBucket', () => {
  it('says when the debt will be paid, and is right', async () => {
    const clock = new FakeClock();
    const bucket = new ByteBucket(clock, 1_000, 500);
    expect(bucket.wait(true)).toBe(0);
    bucket.spend(400);
    expect(bucket.wait(true)).toBe(0);
    bucket.spend(300);
    expect(bucket.wait(true)).toBe(201);
    await clock.advance(200);
    expect(bucket.wait(true)).toBe(1);
    await clock.advance(1);
    expect(bucket.wait(true)).toBe(0);
  });

  it('keeps a part for what is urgent', async () => {
    const clock = new FakeClock();
    const bucket = new ByteBucket(clock, 1_000, 400);
    bucket.spend(350);
    expect(bucket.wait(true)).toBe(0);
    expect(bucket.wait(false)).toBe(51);
    await clock.advance(51);
    expect(bucket.wait(false)).toBe(0);
  });

  it('never gives more than the burst, the rate, and the one write that was too large', () => {
    const step = fc.record({ bytes: fc.integer({ min: 0, max: 500 }), after: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let now = 0;
        let given = 0;
        const bucket = new ByteBucket({ monotonic: () => now }, 1_000, 500);
        for (const { bytes, after } of steps) {
          now += after;
          if (bucket.wait(true) > 0) continue;
          bucket.spend(bytes);
          given += bytes;
          expect(given).toBeLessThanOrEqual(500 + now + bytes);
        }
      }),
    );
  });
});

it('is told of every byte that is written, of specs and of statuses', async () => {
  const told: number[] = [];
  class Told extends ByteBucket {
    override spend(bytes: number): void {
      told.push(bytes);
      super.spend(bytes);
    }
  }
  const clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  const bucket = new Told(clock, 1_000, 1_000_000);
  const cluster = fakeCluster({ name: 'docker.io/library/app', tag: 'v1' }, { clock, bucket });
  cluster.learn(1, '/a');
  await cluster.reconcile();
  expect([cluster.api.specWrites, cluster.api.statusWrites, told.length]).toEqual([1, 1, 2]);
  expect(told.reduce((sum, bytes) => sum + bytes)).toBe(cluster.api.bytes);
});
