import { expect, it } from 'vitest';
import { Refusals } from './refusals.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };

it('remembers whose snapshots were refused, tells each once, and forgets what was of an earlier profile', () => {
  const changed: string[] = [];
  const refusals = new Refusals(({ tag }) => void changed.push(tag));
  const refuse = (namespace: string, since: number, began = 0) =>
    refusals.note(image, { namespace, of: 'bytes', since }, began);
  refuse('tenant', 5);
  refuse('tenant', 6);
  refusals.note(image, { namespace: 'tenant', of: 'snapshots', since: 7 }, 0);
  expect(refusals.of(image, 0)).toEqual([
    { namespace: 'tenant', of: 'bytes', since: 5 },
    { namespace: 'tenant', of: 'snapshots', since: 7 },
  ]);
  expect(changed).toEqual(['v1', 'v1']);
  expect(refusals.of(image, 10)).toEqual([]);
  refuse('tenant', 11, 10);
  expect(refusals.of(image, 10)).toEqual([{ namespace: 'tenant', of: 'bytes', since: 11 }]);
  for (let n = 0; n < 100; n += 1) refuse(`tenant-${n}`, 12, 10);
  expect(refusals.of(image, 10)).toHaveLength(16);
  expect(['tenant', 'tenant-3', 'shop'].map((name) => refusals.has(image, name, 10))).toEqual([true, true, false]);
  expect([13, undefined].map((began) => refusals.has(image, 'tenant', began))).toEqual([false, false]);
  expect(refusals.of({ ...image, tag: 'v2' }, 0)).toEqual([]);
});
