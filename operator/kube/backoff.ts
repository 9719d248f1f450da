/** How long to wait before attempt number n: doubling, bounded, and spread so that many clients do not come back at once. */

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * @param failures how often it failed already, from 1
 * @param random uniform in [0, 1)
 * @returns between half and all of `baseMs * 2^(failures - 1)`, at most `maxMs`
 */
export function backoffDelay(failures: number, backoff: Backoff, random: () => number): number {
  const doubled = backoff.baseMs * 2 ** Math.min(failures - 1, 30);
  const full = Math.min(doubled, backoff.maxMs);
  return full / 2 + (full / 2) * random();
}
