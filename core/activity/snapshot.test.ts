import { expect, it } from 'vitest';
import { epoch, snapshotOf } from '../profile/testing.ts';
import { snapshotSchema } from './snapshot.ts';

const problems = (changes: object): string[] =>
  snapshotSchema
    .safeParse({ ...snapshotOf(1, { to: epoch + 10 }), ...changes })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
const gap = (from: number, to: number) => ({ from, to, reason: 'agent-restarted' });

it('takes gaps before the period and within it, and none that ends after it or before it begins', () => {
  expect(problems({ gaps: [gap(epoch - 9, epoch - 1), gap(epoch - 1, epoch + 10)] })).toEqual([]);
  expect(problems({ gaps: [gap(epoch, epoch)] })).toEqual(['gaps.0 must end after it begins']);
  expect(problems({ gaps: [gap(epoch, epoch + 11)] })).toEqual(['gaps.0.to lies after the end of the period']);
  expect(problems({ gaps: Array.from({ length: 101 }, () => gap(epoch, epoch + 1)) })).toHaveLength(1);
});

it('is read from neighbours one version apart: without what is new, and with what is not known', () => {
  const { events: _, blindSpots: __, ...older } = snapshotOf(1);
  expect(snapshotSchema.parse({ ...older, later: true })).toEqual(snapshotOf(1));
});
