import { expect, it } from 'vitest';
import { isLearned } from './sealing.ts';

const goal = { snapshots: 200, periodMs: 1_000 };

it.each([
  ['enough snapshots', 200, 10, true],
  ['too few, too early', 199, 999, false],
  ['the time is up', 1, 1_000, true],
  ['the time is up, but nothing counts', 0, 5_000, false],
])('%s', (_, countedSnapshots, age, learned) => {
  expect(isLearned({ countedSnapshots, firstSnapshotAt: 7 }, goal, 7 + age)).toBe(learned);
});
