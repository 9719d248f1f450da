import { describe, expect, it } from 'vitest';
import { epoch, minute, snapshotOf } from '../../core/profile/testing.ts';
import { snapshotCounts } from './counting.ts';

const short = { to: epoch + 10_000 };

describe('a snapshot counts towards stability', () => {
  it.each([
    { what: 'that covers enough', changes: { to: epoch + 5 * minute }, startedAt: epoch, counts: true },
    { what: 'that is too short', changes: short, startedAt: epoch, counts: false },
    {
      what: 'with a gap that leaves too little',
      changes: { to: epoch + 6 * minute, gaps: [{ from: epoch, to: epoch + 2 * minute, reason: 'busy' }] },
      startedAt: epoch,
      counts: false,
    },
    { what: 'of a whole short life', changes: { ...short, ended: true }, startedAt: epoch + 900, counts: true },
    {
      what: 'of a life whose start was missed',
      changes: { ...short, ended: true, startSeen: false },
      startedAt: epoch,
      counts: false,
    },
    { what: 'of the end of a life', changes: { ...short, ended: true }, startedAt: epoch - minute, counts: false },
    {
      what: 'of a life that the API server does not show',
      changes: { ...short, ended: true },
      startedAt: undefined,
      counts: false,
    },
  ])('$what: $counts', ({ changes, startedAt, counts }) => {
    expect(snapshotCounts(snapshotOf(1, changes), startedAt, 5 * minute)).toBe(counts);
  });
});
