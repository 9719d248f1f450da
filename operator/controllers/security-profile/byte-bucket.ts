import type { Clock } from '../../clock.ts';

/**
 * Bytes that may be written to the API server: `burst` at once, then `bytesPerSecond`. All profiles share one bucket, so
 * that a cluster that learns a thousand images at once costs etcd the same as one that learns ten. Whoever comes while there
 * is anything left may write, and leaves a debt that the next ones wait for: they need not know first how much they write.
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

  /**
   * Milliseconds until something may be written; 0 if it may now.
   * @param urgent what can wait leaves a quarter of the burst to what cannot, so that it never gets in its way
   */
  wait(urgent: boolean): number {
    this.#fill();
    const missing = (urgent ? 0 : this.#burst / 4) - this.#bytes;
    return missing < 0 ? 0 : Math.floor((missing * 1_000) / this.#bytesPerSecond) + 1;
  }

  /** To be told of everything that is written. */
  spend(bytes: number): void {
    this.#fill();
    this.#bytes -= bytes;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const refill = ((now - this.#filledAt) * this.#bytesPerSecond) / 1_000;
    this.#bytes = Math.min(this.#burst, this.#bytes + refill);
    this.#filledAt = now;
  }
}
