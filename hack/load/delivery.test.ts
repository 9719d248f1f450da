import { expect, it } from 'vitest';
import { deliveryOf, type Holder } from './delivery.ts';

const node = (runs: Readonly<Record<string, number>>, holds: Readonly<Record<string, number>>): Holder => ({
  runsSince: (image) => runs[image],
  holdsSince: (digest) => holds[digest],
});
const a = { image: 'registry.example.com/a', digest: 'sha256:a', at: 10_000 };
const b = { image: 'registry.example.com/b', digest: 'sha256:b', at: 20_000 };

it('counts from the seal to the last node that ran the image by then', () => {
  const nodes = [
    node({ [a.image]: 1_000, [b.image]: 2_000 }, { [a.digest]: 10_500, [b.digest]: 26_000 }),
    node({ [a.image]: 10_000 }, { [a.digest]: 14_000 }),
    node({}, {}),
  ];
  expect(deliveryOf([a, b], nodes)).toEqual({
    profiles: 2,
    copies: 3,
    missing: 0,
    lastCopySeconds: { median: 5, most: 6 },
    seconds: 16,
  });
});

it('leaves out containers that started after the seal', () => {
  const nodes = [node({ [a.image]: 1 }, { [a.digest]: 11_000 }), node({ [a.image]: 10_001 }, { [a.digest]: 99_000 })];
  expect(deliveryOf([a], nodes)).toMatchObject({ copies: 1, lastCopySeconds: { median: 1, most: 1 }, seconds: 1 });
});

it('says how many are missing, and nothing of times where there is no copy at all', () => {
  const none = { profiles: 0, copies: 0, lastCopySeconds: { median: 0, most: 0 }, seconds: 0 };
  expect(deliveryOf([a], [node({ [a.image]: 1 }, {})])).toEqual({ ...none, missing: 1 });
  expect(deliveryOf([], [])).toEqual({ ...none, missing: 0 });
});
