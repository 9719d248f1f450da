import { expect, it } from 'vitest';
import { absence, gapOf } from './absence.ts';

it.each([
  ['the first agent of a node', undefined, undefined],
  ['the successor of another', 5_000, { from: 5_000, to: 9_000 }],
  ['the first one since the node was started', 900, undefined],
  ['one that finds a time that is still to come', 9_500, undefined],
])('%s', (_, lastAlive, expected) => {
  expect(absence(lastAlive, 1_000, 9_000)).toEqual(expected);
});

it('concerns a container from its own start on', () => {
  const absent = { from: 5_000, to: 9_000 };
  const reason = 'agent-restarted';
  expect(gapOf(absent, 2_000)).toEqual({ ...absent, reason });
  expect(gapOf(absent, undefined)).toEqual({ ...absent, reason });
  expect(gapOf(absent, 7_000.5)).toEqual({ from: 7_000, to: 9_000, reason });
  expect(gapOf(absent, 9_000)).toBeUndefined();
});
