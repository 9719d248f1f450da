/** Random numbers that come again: a simulation with the same seed is the same simulation. */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole, from 0 to below `limit`. */
  below(limit: number): number;
  /** Exponentially distributed: the time until something that happens once in `mean`. */
  exponential(mean: number): number;
  /** As many hexadecimal digits. */
  hex(digits: number): string;
}

/** mulberry32: 32 bits of state, good enough to play a cluster and for nothing that has to be secret. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    exponential: (mean) => -mean * Math.log(1 - next()),
    hex: (digits) => Array.from({ length: digits }, () => below(16).toString(16)).join(''),
  };
}
