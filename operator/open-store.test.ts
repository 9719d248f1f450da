import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openStore } from './open-store.ts';
import { StoreError } from './store/errors.ts';
import { StoreHealth, type Health } from './store/health.ts';
import { FakeClock } from './testing/fake-clock.ts';

const damaged = new StoreError('corrupt', 'store /data/store.db: it is damaged; restore it from a backup');

function setUp(open: () => Promise<string>) {
  const clock = new FakeClock();
  const health = new StoreHealth(clock);
  const seen: Health[] = [];
  health.subscribe(() => seen.push(health.current));
  const stop = new AbortController();
  const opening = openStore({ open, health, clock, log: pino({ enabled: false }) }, stop.signal);
  return { clock, seen, stop, opening };
}

it('tries until it opens, and says meanwhile what is wrong, once', async () => {
  let attempts = 0;
  const open = () => {
    attempts += 1;
    return attempts < 4 ? Promise.reject(damaged) : Promise.resolve('store');
  };
  const { clock, seen, opening } = setUp(open);
  await clock.advance(10_000 + 20_000);
  expect(attempts).toBe(3);
  expect(seen).toEqual([{ state: 'failing', kind: 'corrupt', message: damaged.message }]);
  await clock.advance(40_000);
  expect(await opening).toBe('store');
  expect(seen.at(-1)).toEqual({ state: 'ready' });
  expect(clock.pending).toBe(0);
});

it('never waits longer than two minutes, and ends when it is told to', async () => {
  let attempts = 0;
  const { clock, stop, opening } = setUp(() => {
    attempts += 1;
    return Promise.reject(damaged);
  });
  await clock.advance(3_600_000);
  expect(attempts).toBeGreaterThanOrEqual(30);
  stop.abort();
  expect(await opening).toBeUndefined();
  expect(clock.pending).toBe(0);
});

it('leaves other errors to whoever asked', async () => {
  const { opening } = setUp(() => Promise.reject(new Error('no such module')));
  await expect(opening).rejects.toThrow('no such module');
});
