import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noLosses, type Snapshot } from '../activity/snapshot.ts';
import { blindSpotUses, coverage, type Coverage, lostRecords } from './completeness.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { contextOf, epoch, minute, snapshotOf } from './testing.ts';

function learned(...snapshots: readonly Snapshot[]): Evidence {
  const merge = (all: Evidence, snapshot: Snapshot) => mergeEvidence(all, evidenceOfSnapshot(snapshot, contextOf()));
  return snapshots.reduce(merge, emptyEvidence);
}

const coverageOf = (...snapshots: readonly Snapshot[]): Coverage => coverage(learned(...snapshots).snapshots);

const lossy = (container: number, lost: number, events: number): Snapshot =>
  snapshotOf(container, { events, losses: { ...noLosses(), ringDrops: lost } });

describe('the share that was lost', () => {
  it('is that of each container, on the average, rounded up', () => {
    expect(coverageOf(lossy(1, 1, 999), lossy(2, 0, 10)).lostPerMillion).toBe(500);
    expect(coverageOf(lossy(1, 1, 2_999_999), lossy(2, 0, 1), lossy(3, 0, 1)).lostPerMillion).toBe(1);
  });

  it('is none without losses, and all where nothing is known to have been read', () => {
    expect(coverageOf().lostPerMillion).toBe(0);
    expect(coverageOf(lossy(1, 0, 0)).lostPerMillion).toBe(0);
    expect(coverageOf(lossy(1, 3, 0)).lostPerMillion).toBe(1_000_000);
  });

  it('cannot be thinned out by another container that makes records without end', () => {
    const honest = coverageOf(lossy(1, 10, 990), lossy(2, 0, 1_000)).lostPerMillion;
    expect(coverageOf(lossy(1, 10, 990), lossy(2, 0, Number.MAX_SAFE_INTEGER)).lostPerMillion).toBe(honest);
  });

  it('counts what is known in part as known', () => {
    expect(lostRecords({ ...noLosses(), truncated: 7, treeFull: 2 })).toBe(2);
  });
});

describe('time that was not watched', () => {
  it('counts within periods and before them', () => {
    const gaps = [{ from: epoch - minute, to: epoch - 58_500, reason: 'agent-restarted' }];
    const seen = coverageOf(
      snapshotOf(1, { gaps }),
      snapshotOf(1, { from: epoch + 30 * minute, to: epoch + 31 * minute }),
    );
    expect(seen).toMatchObject({ gaps: 1, gapSeconds: 2, watchedSeconds: 31 * 60 });
  });
});

describe('blind spots', () => {
  it('count each container once for each way that it went in any period', () => {
    const later = { from: epoch + 30 * minute, blindSpots: [] };
    const { containers } = learned(
      snapshotOf(1, { blindSpots: ['io_uring'] }),
      snapshotOf(1, { from: epoch + 60 * minute, blindSpots: ['compat-syscalls', 'io_uring'] }),
      snapshotOf(1, later),
      snapshotOf(2, { blindSpots: ['io_uring'] }),
      snapshotOf(3),
    );
    expect(blindSpotUses(containers)).toEqual([
      { name: 'io_uring', containers: 2 },
      { name: 'compat-syscalls', containers: 1 },
    ]);
  });

  it('are none where none was used', () => {
    expect(blindSpotUses(learned(snapshotOf(1)).containers)).toEqual([]);
  });
});

it('gives figures that the API server takes, whatever agents say', () => {
  const figure = fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER));
  const losses = fc.record({
    ringDrops: figure,
    recursionMisses: figure,
    mapFull: figure,
    truncated: figure,
    decodeErrors: figure,
    treeFull: figure,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), figure, losses), { maxLength: 9 }), (all) => {
      const seen = coverageOf(
        ...all.map(([container, events, lost]) => snapshotOf(container, { events, losses: lost })),
      );
      const { losses: sums, ...others } = seen;
      for (const sum of [...Object.values(sums), ...Object.values(others), lostRecords(sums)]) {
        expect(Number.isSafeInteger(sum) && sum >= 0).toBe(true);
      }
      expect(seen.lostPerMillion).toBeLessThanOrEqual(1_000_000);
    }),
  );
});
