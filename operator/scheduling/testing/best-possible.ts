/**
 * How soon images could have their snapshots if somebody planned who knows the future. No plan is faster:
 *
 * - An image alone in the cluster, all of its containers profiled all the time, has a snapshot of each container after every
 *   period and at its end. Its nth cannot come earlier than the nth of these.
 * - A container that runs on takes a slot for a whole period for each snapshot, and there are only so many slots. So k images
 *   of such containers do not have n snapshots each before k·n / slots periods are over.
 */
import { imageText } from '../../../core/image.ts';
import type { Run } from './workloads.ts';

export interface Horizon {
  readonly periodMs: number;
  readonly slots: number;
  /** Until when it matters, in milliseconds. */
  readonly end: number;
}

/** By image, when its nth snapshot can come at the earliest; images that cannot have so many before the end are left out. */
export function earliest(runs: readonly Run[], n: number, horizon: Horizon): Map<string, number> {
  const byImage = Map.groupBy(runs, ({ image }) => imageText(image));
  const found = new Map<string, number>();
  for (const [key, ofImage] of byImage) {
    const at = ofImage
      .flatMap((run) => snapshotTimes(run, n, horizon))
      .sort((a, b) => a - b)
      .at(n - 1);
    if (at !== undefined && at <= horizon.end) found.set(key, at);
  }
  return found;
}

function snapshotTimes({ start, end }: Run, most: number, horizon: Horizon): number[] {
  const times: number[] = [];
  for (
    let at = start + horizon.periodMs;
    at < end && at <= horizon.end && times.length < most;
    at += horizon.periodMs
  ) {
    times.push(at);
  }
  if (end <= horizon.end) times.push(end);
  return times;
}

/** When this part of all these images can have n snapshots each, at the earliest. @param part from 0 to 1 */
export function earliestForPart(
  { times, lasting }: { readonly times: ReadonlyMap<string, number>; readonly lasting: ReadonlySet<string> },
  n: number,
  part: number,
  horizon: Horizon,
): number {
  const sorted = [...times.values()].sort((a, b) => a - b);
  const images = Math.ceil(sorted.length * part);
  const alone = sorted[images - 1] ?? Number.NaN;
  const short = [...times.keys()].filter((key) => !lasting.has(key)).length;
  const together = (Math.max(0, images - short) * n * horizon.periodMs) / horizon.slots;
  return Math.max(alone, together);
}

/** Images none of whose containers ends within the horizon: each of their snapshots takes a whole period. */
export function lastingImages(runs: readonly Run[], { end }: Horizon): Set<string> {
  const ending = new Set(runs.filter((run) => run.end <= end).map(({ image }) => imageText(image)));
  return new Set(runs.map(({ image }) => imageText(image)).filter((key) => !ending.has(key)));
}
