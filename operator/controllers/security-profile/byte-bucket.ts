import type { Clock } from '../../clock.ts';

/**
 * Bytes that may be written to the API server: `burst` at once, then `bytesPerSecond`. All profiles share one bucket, so
 * that a cluster that learns a thousand images at once costs etcd the same as one that learns ten.
 */
export class ByteBucket {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #bytesPerSecond: number;
  readonly #burst: number;
  #bytes: number;
  #filledAt: number;

  constructor(clock: Pick<Clock, 'monotonic'>, bytesPerSecond: number, burst: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#burst = burst;
    this.#bytes = burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes the bytes and returns 0, or takes none and returns the milliseconds until there will be enough. */
  take(bytes: number): number {
    const now = this.#clock.monotonic();
    const refill = ((now - this.#filledAt) * this.#bytesPerSecond) / 1_000;
    this.#bytes = Math.min(this.#burst, this.#bytes + refill);
    this.#filledAt = now;
    // What is larger than the bucket would never fit: it goes when the bucket is full.
    const missing = Math.min(bytes, this.#burst) - this.#bytes;
    if (missing > 0) return Math.ceil((missing * 1_000) / this.#bytesPerSecond);
    this.#bytes -= Math.min(bytes, this.#burst);
    return 0;
  }
}
