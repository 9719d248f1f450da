/** How long to wait before the next try: doubles up to a minute, and is spread so that a fleet does not call as one. */
const firstMs = 1_000;
const longestMs = 60_000;

/**
 * @param failures in a row so far, 1 or more
 * @param random in [0, 1)
 */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return full / 2 + (full / 2) * random();
}
