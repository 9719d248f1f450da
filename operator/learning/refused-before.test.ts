import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { containerNumber, snapshotOf } from '../../core/profile/testing.ts';
import { RefusedBefore, type RefusedUpload } from './refused-before.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const profile = { version: 7, firstSnapshotAt: 1_000 };
const upload = (bytes: number, changes: Partial<RefusedUpload> = {}): RefusedUpload => ({
  image,
  namespace: 'tenant',
  bytes,
  ...changes,
});

it('refuses as much again: to the same namespace, of the same image, while the profile is the same', () => {
  const refused = new RefusedBefore();
  expect(refused.has(upload(1))).toBe(false);
  refused.note(upload(100), 'bytes', profile, []);
  expect(refused.has(upload(1))).toBe(true);
  expect([50, 100, 1_000].map((bytes) => refused.find(upload(bytes), profile))).toEqual(['bytes', 'bytes', 'bytes']);
  expect(refused.find(upload(49), profile)).toBeUndefined();
  expect(refused.find(upload(100, { namespace: 'shop' }), profile)).toBeUndefined();
  expect(refused.find(upload(100, { image: { ...image, tag: 'v2' } }), profile)).toBeUndefined();
  expect(refused.find(upload(100), { ...profile, version: 8 })).toBeUndefined();
  expect(refused.find(upload(100), { ...profile, firstSnapshotAt: 1_001 })).toBeUndefined();
});

it('refuses whatever comes of a namespace that has its share of the snapshots', () => {
  const refused = new RefusedBefore();
  refused.note(upload(100), 'snapshots', profile, []);
  expect(refused.find(upload(1), profile)).toBe('snapshots');
});

it('knows what taught the profile', () => {
  const refused = new RefusedBefore();
  const { container, from } = snapshotOf(1);
  refused.note(upload(100), 'bytes', profile, [{ containerId: container.id, from }]);
  expect(refused.hasTaught(image, snapshotOf(1))).toBe(true);
  expect(refused.hasTaught(image, snapshotOf(2))).toBe(false);
  expect(refused.hasTaught(image, snapshotOf(1, { from: from + 1 }))).toBe(false);
});

it('hears of one profile no more than as often as sizes can be halved, whatever the sizes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 200 }), (sizes) => {
      const refused = new RefusedBefore();
      const heard = sizes.filter((bytes) => {
        if (refused.find(upload(bytes), profile) !== undefined) return false;
        refused.note(upload(bytes), 'bytes', profile, []);
        return true;
      });
      expect(heard.length).toBeLessThanOrEqual(20);
      expect(heard).toEqual(heard.toSorted((a, b) => b - a));
    }),
  );
});

it('forgets the images that it has not heard of for longest, and further namespaces of one', () => {
  const refused = new RefusedBefore();
  const taught = Array.from({ length: 4_000 }, (_, from) => ({ containerId: containerNumber(1), from }));
  const tags = Array.from({ length: 20 }, (_, n) => ({ image: { ...image, tag: `v${n}` } }));
  for (const tag of tags) refused.note(upload(100, tag), 'bytes', profile, taught);
  expect(tags.filter((tag) => refused.has(upload(100, tag)))).toEqual(tags.slice(-12));
  const namespaces = Array.from({ length: 100 }, (_, n) => ({ namespace: `tenant-${n}` }));
  for (const namespace of namespaces) refused.note(upload(100, namespace), 'bytes', profile, []);
  expect(namespaces.filter((namespace) => refused.has(upload(100, namespace)))).toEqual(namespaces.slice(0, 64));
});
