/** How much of what happened was seen. Agents' figures may lie: sums stop at the largest integer that everybody reads alike. */
import { type BlindSpot, blindSpots, type Losses, noLosses } from '../activity/snapshot.ts';
import type { ContainerFacts, SnapshotFacts } from './evidence.ts';
import { fromFlags } from './flags.ts';

export interface Coverage {
  readonly losses: Losses;
  /** Records that were read. */
  readonly events: number;
  /** Records lost for each million that there were; see {@link lostPerMillion}. */
  readonly lostPerMillion: number;
  readonly gaps: number;
  readonly gapSeconds: number;
  /** All periods together. */
  readonly watchedSeconds: number;
}

export function coverage(snapshots: readonly SnapshotFacts[]): Coverage {
  const sum = (read: (snapshot: SnapshotFacts) => number): number => snapshots.map(read).reduce(plus, 0);
  return {
    losses: snapshots.reduce((losses, snapshot) => addLosses(losses, snapshot.losses), noLosses()),
    events: sum(({ events }) => events),
    lostPerMillion: lostPerMillion(snapshots),
    gaps: sum(({ gaps }) => gaps),
    // Rounded up: what is missing is never nothing.
    gapSeconds: Math.ceil(sum(({ gapMs }) => gapMs) / 1_000),
    watchedSeconds: Math.round(watched(snapshots).watchedMs / 1_000),
  };
}

export interface Watched {
  /** Milliseconds of all periods together. */
  readonly watchedMs: number;
  /** Start of the earliest, milliseconds since the epoch; absent without periods. */
  readonly watchedFrom?: number;
}

export function watched(snapshots: readonly Pick<SnapshotFacts, 'from' | 'to'>[]): Watched {
  const watchedMs = snapshots.map(({ from, to }) => to - from).reduce(plus, 0);
  const watchedFrom = snapshots.reduce((least, { from }) => Math.min(least, from), Infinity);
  return { watchedMs, ...(snapshots.length > 0 && { watchedFrom }) };
}

/** A way past the agent, and how many containers went it. */
export interface BlindSpotUse {
  readonly name: BlindSpot;
  readonly containers: number;
}

/** Those that were used, in the order of their list. */
export function blindSpotUses(containers: readonly ContainerFacts[]): BlindSpotUse[] {
  const used = containers.flatMap((facts) => fromFlags(blindSpots, facts.blindSpots));
  return blindSpots
    .map((name) => ({ name, containers: used.filter((one) => one === name).length }))
    .filter((use) => use.containers > 0);
}

/** Records of which nothing is known; a truncated one is known in part. */
export function lostRecords({ ringDrops, recursionMisses, mapFull, decodeErrors, treeFull }: Losses): number {
  return [ringDrops, recursionMisses, mapFull, decodeErrors, treeFull].reduce(plus, 0);
}

/**
 * Mean over the containers of the share that each lost, rounded up. A mean of shares, not the share of the sums: a container
 * that makes records without end thins out its own losses and nobody else's.
 */
function lostPerMillion(snapshots: readonly SnapshotFacts[]): number {
  const containers = [...Map.groupBy(snapshots, ({ containerId }) => containerId).values()];
  const shares = containers.map((own) => {
    const lost = own.map(({ losses }) => lostRecords(losses)).reduce(plus, 0);
    const read = own.map(({ events }) => events).reduce(plus, 0);
    return lost === 0 ? 0 : lost / (lost + read);
  });
  const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
  return Math.min(1_000_000, Math.ceil(mean * 1_000_000));
}

function addLosses(left: Losses, right: Losses): Losses {
  return {
    ringDrops: plus(left.ringDrops, right.ringDrops),
    recursionMisses: plus(left.recursionMisses, right.recursionMisses),
    mapFull: plus(left.mapFull, right.mapFull),
    truncated: plus(left.truncated, right.truncated),
    decodeErrors: plus(left.decodeErrors, right.decodeErrors),
    treeFull: plus(left.treeFull, right.treeFull),
  };
}

function plus(left: number, right: number): number {
  return Math.min(left + right, Number.MAX_SAFE_INTEGER);
}
