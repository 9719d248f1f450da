/** Which snapshots count towards stability: those that saw enough, or all there was to see. */
import { unwatched } from '../../core/activity/gaps.ts';
import type { Snapshot } from '../../core/activity/snapshot.ts';

/** Start times of containers have whole seconds, and the kubelet takes them a moment after the first exec. */
const startTolerance = 2_000;

/** @param startedAt of the container, as the API server has it */
export function snapshotCounts(snapshot: Snapshot, startedAt: number | undefined, minCoverageMs: number): boolean {
  const missing = unwatched(snapshot.gaps, snapshot.from, snapshot.to);
  const covered = snapshot.to - snapshot.from - missing;
  const wholeLife =
    snapshot.startSeen &&
    snapshot.ended &&
    missing === 0 &&
    startedAt !== undefined &&
    snapshot.from <= startedAt + startTolerance;
  return wholeLife || covered >= minCoverageMs;
}
