/** Between the end of an earlier agent and the beginning of this one nothing was watched. */
import type { Gap } from '../../core/activity/snapshot.ts';

export interface Absence {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/**
 * Undefined on a node that no agent has watched since it was started: nothing ran while it was down.
 *
 * @param lastAlive until when the earlier agent has watched
 * @param bootedAt when this node was started; milliseconds since the epoch, as all times here
 */
export function absence(lastAlive: number | undefined, bootedAt: number, now: number): Absence | undefined {
  // A clock that was set back in between hides how long it was.
  return lastAlive === undefined || lastAlive < bootedAt || lastAlive >= now ? undefined : { from: lastAlive, to: now };
}

/** What of it concerns a container that runs since then; undefined if it is not known, since before. */
export function gapOf({ from, to }: Absence, runningSince: number | undefined): Gap | undefined {
  const begin = Math.max(from, Math.floor(runningSince ?? from));
  return begin < to ? { from: begin, to, reason: 'agent-restarted' } : undefined;
}
