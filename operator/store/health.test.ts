import { expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { StoreError, type StoreErrorKind } from './errors.ts';
import { StoreHealth } from './health.ts';
import type { Store } from './store.ts';
import { commitOf } from './testing/records.ts';

/** A store whose commits end as told. */
function setUp() {
  const clock = new FakeClock();
  const health = new StoreHealth(clock);
  let next: StoreErrorKind | undefined;
  const commitSnapshot: Store['commitSnapshot'] = () =>
    next === undefined ? Promise.resolve('stored') : Promise.reject(new StoreError(next, `it is ${next}`));
  const followed = health.follow({ commitSnapshot });
  const commit = async (kind?: StoreErrorKind): Promise<string> => {
    next = kind;
    return followed.commitSnapshot(commitOf(1)).catch((error: unknown) => String(error));
  };
  health.opened();
  return { clock, health, commit };
}

it('fails with the first commit that shows a failing store, and is well after a quiet minute', async () => {
  const { clock, health, commit } = setUp();
  let changes = 0;
  health.subscribe(() => void (changes += 1));
  expect(await commit('full')).toContain('it is full');
  expect(health.current).toEqual({ state: 'failing', kind: 'full', message: 'it is full' });
  await clock.advance(59_999);
  await commit();
  expect(health.current).toMatchObject({ state: 'failing' });
  await commit('full');
  await clock.advance(60_000);
  expect(await commit()).toBe('stored');
  expect(health.current).toEqual({ state: 'ready' });
  expect(changes).toBe(2);
});

it.each(['busy', 'invalid', 'closed'] as const)('a commit that is %s says nothing of the store', async (kind) => {
  const { health, commit } = setUp();
  await commit(kind);
  expect(health.current).toEqual({ state: 'ready' });
});
