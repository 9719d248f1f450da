import { expect, it } from 'vitest';
import type { Refusal } from '../store/lifecycle.ts';
import { commitOf, nginx } from '../store/testing/records.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { JumpingClock } from '../testing/jumping-clock.ts';
import { Refusals } from './refusals.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const hour = 3_600_000;

function refusalsOf(store = memoryStore().store) {
  const clock = new JumpingClock();
  const changed: string[] = [];
  const errors: unknown[] = [];
  const refusals = new Refusals({
    store,
    clock,
    onChange: ({ tag }) => changed.push(tag),
    onError: (error) => errors.push(error),
  });
  return { refusals, clock, changed, errors, store };
}

const of = (kind: Refusal['of'], namespace = 'tenant', since = 5): Refusal => ({ namespace, of: kind, since });

it('remembers whose snapshots were refused, tells each once, and forgets what was of an earlier profile', () => {
  const { refusals, changed } = refusalsOf();
  const refuse = (namespace: string, since: number, began = 0) =>
    refusals.note(image, of('bytes', namespace, since), began);
  refuse('tenant', 5);
  refuse('tenant', 6);
  refusals.note(image, of('snapshots', 'tenant', 7), 0);
  expect(refusals.of(image, 0)).toEqual([of('bytes', 'tenant', 5), of('snapshots', 'tenant', 7)]);
  expect(changed).toEqual(['v1', 'v1']);
  expect(refusals.of(image, 10)).toEqual([]);
  refuse('tenant', 11, 10);
  expect(refusals.of(image, 10)).toEqual([of('bytes', 'tenant', 11)]);
  for (let n = 0; n < 100; n += 1) refuse(`tenant-${n}`, 12, 10);
  expect(refusals.of(image, 10)).toHaveLength(16);
  expect(['tenant', 'tenant-3', 'shop'].map((name) => refusals.has(image, name, 10))).toEqual([true, true, false]);
  expect([13, undefined].map((began) => refusals.has(image, 'tenant', began))).toEqual([false, false]);
  expect(refusals.of({ ...image, tag: 'v2' }, 0)).toEqual([]);
});

it('lets a namespace that was refused for its bytes try again every six hours, and one that was for its number not', () => {
  const { refusals, clock, changed } = refusalsOf();
  refusals.note(image, of('bytes', 'large'), 0);
  refusals.note(image, of('snapshots', 'many'), 0);
  const held = () => ['large', 'many'].map((namespace) => refusals.has(image, namespace, 0));
  clock.pass(6 * hour - 1);
  refusals.note(image, of('bytes', 'large', 8), 0);
  expect([held(), changed.length]).toEqual([[true, true], 2]);
  clock.pass(1);
  expect(held()).toEqual([false, true]);
  refusals.note(image, of('bytes', 'large', 9), 0);
  expect([held(), changed.length]).toEqual([[true, true], 3]);
  // It is the same news, and nothing is written for it.
  expect(refusals.of(image, 0)).toEqual([of('bytes', 'large'), of('snapshots', 'many')]);
});

it('knows after a restart what was refused before it', async () => {
  const before = refusalsOf();
  await before.store.commitSnapshot(commitOf(1));
  const { firstSnapshotAt = Infinity } = (await before.store.profile(nginx)) ?? {};
  const refusal = of('bytes', 'tenant', firstSnapshotAt + 1);
  const later = of('snapshots', 'other', firstSnapshotAt + 2);
  for (const one of [refusal, refusal, later]) before.refusals.note(nginx, one, firstSnapshotAt);
  const { refusals, changed } = refusalsOf(before.store);
  await refusals.load(before.store);
  // In the same order: what is told of them is no news.
  expect(refusals.of(nginx, firstSnapshotAt)).toEqual(before.refusals.of(nginx, firstSnapshotAt));
  expect(refusals.of(nginx, firstSnapshotAt)).toEqual([refusal, later]);
  expect(refusals.has(nginx, 'tenant', firstSnapshotAt)).toBe(true);
  expect([changed, before.errors]).toEqual([[], []]);
});

it('remembers the newest, where there are more than it takes', async () => {
  const { refusals } = refusalsOf();
  const numbered = (number: number) => ({ name: image.name, tag: `${number}` });
  const newestFirst = Array.from({ length: 1_001 }, (_, n) => ({
    image: numbered(n),
    ...of('bytes', 'tenant', 2_000 - n),
  }));
  await refusals.load({ refusals: async () => newestFirst });
  expect([0, 999, 1_000].map((n) => refusals.has(numbered(n), 'tenant', 0))).toEqual([true, true, false]);
});

it('goes on without a store that fails, and says so', async () => {
  const failure = new Error('disk full');
  const store = { ...memoryStore().store, recordRefusal: () => Promise.reject(failure) };
  const { refusals, errors } = refusalsOf(store);
  refusals.note(image, of('bytes'), 0);
  expect(refusals.has(image, 'tenant', 0)).toBe(true);
  await expect.poll(() => errors).toEqual([failure]);
});
