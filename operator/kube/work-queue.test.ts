import * as fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { createKubeMetrics } from './metrics.ts';
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts';

function makeQueue(overrides: Partial<WorkQueueOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createKubeMetrics(new Registry());
  const queue = new WorkQueue({ name: 'test', clock, random: () => 0.5, metrics, ...overrides });
  return { clock, metrics, queue };
}

describe('WorkQueue', () => {
  it('hands a key out once however often it was added', async () => {
    const { queue } = makeQueue();
    for (let i = 0; i < 100_000; i += 1) queue.add(`key-${i % 10}`);
    expect(queue.length).toBe(10);
  });

  it('hands a key out again when it was added during its work, and only afterwards', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await queue.get()).toBe('a');
  });

  it('lets a failing key come back later each time, up to the limit, and at once after forget', async () => {
    const { queue, clock } = makeQueue({ backoff: { baseMs: 100, maxMs: 400 }, random: () => 0 });
    const waits: number[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      if (failure === 4) queue.forget('a');
      queue.addRateLimited('a');
      const before = clock.monotonic();
      while (queue.length === 0) await clock.advance(10);
      waits.push(clock.monotonic() - before);
      await queue.get();
      queue.done('a');
    }
    expect(waits).toEqual([50, 100, 200, 200, 50]);
  });

  it('keeps the earlier of two times', async () => {
    const { queue, clock } = makeQueue();
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 50);
    queue.addAfter('a', 5_000);
    await clock.advance(50);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('refuses and counts what is beyond its limit', async () => {
    const { queue, metrics } = makeQueue({ maxKeys: 2 });
    expect(['a', 'b', 'c', 'a'].map((key) => queue.add(key))).toEqual([true, true, false, true]);
    expect(queue.addAfter('d', 5)).toBe(true);
    expect([queue.addAfter('e', 5), queue.addAfter('f', 5)]).toEqual([true, false]);
    expect((await metrics.queueDropped.get()).values[0]?.value).toBe(2);
  });

  it('ends waiting workers and timers when closed', async () => {
    const { queue, clock } = makeQueue();
    const waiting = queue.get();
    queue.addAfter('a', 1_000);
    queue.close();
    expect(await waiting).toBeUndefined();
    expect(clock.pending).toBe(0);
    expect([queue.add('b'), await queue.get()]).toEqual([false, undefined]);
  });

  const keys = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key: keys }),
    fc.record({ do: fc.constant('addAfter' as const), key: keys, ms: fc.nat(200) }),
    fc.record({ do: fc.constant('fail' as const), key: keys }),
    fc.record({ do: fc.constant('get' as const) }),
    fc.record({ do: fc.constant('done' as const), nth: fc.nat(3) }),
    fc.record({ do: fc.constant('advance' as const), ms: fc.nat(300) }),
  );

  it('never loses a key and never hands one out that is being worked on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, clock } = makeQueue({ backoff: { baseMs: 10, maxMs: 100 } });
        /** Keys added since their last work began: each must be handed out again. */
        const owed = new Set<string>();
        const working: string[] = [];
        const pull = async (): Promise<void> => {
          const key = await queue.get();
          if (key === undefined) throw new Error('the queue is open');
          expect(working).not.toContain(key);
          working.push(key);
          owed.delete(key);
        };
        for (const now of steps) {
          if (now.do === 'add') queue.add(now.key);
          if (now.do === 'addAfter') queue.addAfter(now.key, now.ms);
          if (now.do === 'fail') queue.addRateLimited(now.key);
          if ('key' in now) owed.add(now.key);
          if (now.do === 'advance') await clock.advance(now.ms);
          if (now.do === 'get' && queue.length > 0) await pull();
          if (now.do === 'done') working.splice(now.nth, 1).forEach((key) => queue.done(key));
        }
        working.splice(0).forEach((key) => queue.done(key));
        await clock.advance(1_000);
        while (queue.length > 0) {
          await pull();
          working.splice(0).forEach((key) => queue.done(key));
        }
        expect([...owed]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
