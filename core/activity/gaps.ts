/** Time in which nothing was watched. */
import type { Gap } from './snapshot.ts';

/** Milliseconds between `from` and `to` that lie in gaps; where some overlap, once. */
export function unwatched(gaps: readonly Pick<Gap, 'from' | 'to'>[], from: number, to: number): number {
  let sum = 0;
  let end = from;
  for (const gap of gaps.toSorted((left, right) => left.from - right.from)) {
    const begin = Math.max(gap.from, end);
    end = Math.max(end, Math.min(gap.to, to));
    sum += Math.max(0, end - begin);
  }
  return Math.round(sum);
}
