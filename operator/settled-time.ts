/**
 * The time for what cannot be taken back: sealing, dropping what is old, making certificates. Hosts' clocks are set wrong and
 * set right again; a jump of more than the tolerance is believed only when it has stood for an hour.
 */

/** What time services correct at once, and what passes between two looks while the clock is slewed. */
const toleranceMs = 60_000;
/** Time services look every 17 minutes at most, and what they step is then right: three looks. */
const settleMs = 3_600_000;

export interface TimeSource {
  /** Milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds since an arbitrary start; never jumps. */
  monotonic(): number;
}

/**
 * Follows `source` from its first look on, where there is nothing to compare with yet.
 * @returns milliseconds since the epoch
 */
export function settledTime(source: TimeSource): () => number {
  /** Between the two clocks. */
  let believed = source.now() - source.monotonic();
  let jump: { readonly offset: number; readonly since: number } | undefined;
  return () => {
    const monotonic = source.monotonic();
    const offset = source.now() - monotonic;
    const isNear = (other: number): boolean => Math.abs(offset - other) <= toleranceMs;
    if (isNear(believed)) {
      believed = offset;
      jump = undefined;
    } else if (jump === undefined || !isNear(jump.offset)) {
      jump = { offset, since: monotonic };
    } else if (monotonic - jump.since >= settleMs) {
      believed = offset;
      jump = undefined;
    }
    return monotonic + believed;
  };
}
