import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { runController, TerminalError, type ReconcileResult } from './controller.ts';
import { createKubeMetrics } from './metrics.ts';
import { WorkQueue } from './work-queue.ts';

type Reconcile = (key: string) => Promise<ReconcileResult>;

function start(reconcile: Reconcile, workers = 2) {
  const clock = new FakeClock();
  const metrics = createKubeMetrics(new Registry());
  const queue = new WorkQueue({ name: 'test', clock, random: () => 0, metrics });
  const stop = new AbortController();
  const log = pino({ level: 'silent' });
  const running = runController({ name: 'test', queue, workers, reconcile, clock, metrics, log }, stop.signal);
  return { clock, metrics, queue, stop, running };
}

describe('runController', () => {
  it('retries errors with back-off until they pass', async () => {
    const attempts: number[] = [];
    const { clock, queue, stop, running } = start(async () => {
      attempts.push(clock.monotonic());
      if (attempts.length < 3) throw new Error('not yet');
      return {};
    });
    const began = clock.monotonic();
    queue.add('a');
    await clock.advance(10_000);
    expect(attempts.map((at) => at - began)).toEqual([0, 100, 300]);
    stop.abort();
    await running;
  });

  it('does not retry terminal errors', async () => {
    let attempts = 0;
    const { clock, metrics, queue, stop, running } = start(async () => {
      attempts += 1;
      throw new TerminalError('spec.image is not an image');
    });
    queue.add('a');
    await clock.advance(3_600_000);
    expect(attempts).toBe(1);
    const { values } = await metrics.reconciles.get();
    expect(values.map(({ labels, value }) => [labels.result, value])).toEqual([['terminal', 1]]);
    stop.abort();
    await running;
  });

  it('looks again after requeueAfterMs', async () => {
    let attempts = 0;
    const { clock, queue, stop, running } = start(async () => {
      attempts += 1;
      return attempts === 1 ? { requeueAfterMs: 60_000 } : {};
    });
    queue.add('a');
    await clock.advance(59_999);
    expect(attempts).toBe(1);
    await clock.advance(1);
    expect(attempts).toBe(2);
    stop.abort();
    await running;
  });

  it('waits for running work when it stops, and takes no more', async () => {
    const gate = Promise.withResolvers<ReconcileResult>();
    const started: string[] = [];
    const { clock, queue, stop, running } = start(async (key) => {
      started.push(key);
      return gate.promise;
    }, 1);
    queue.add('a');
    queue.add('b');
    await clock.settle();
    stop.abort();
    let ended = false;
    void running.then(() => (ended = true));
    await clock.settle();
    expect(ended).toBe(false);
    gate.resolve({});
    await running;
    expect(started).toEqual(['a']);
  });
});
