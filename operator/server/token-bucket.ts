/** Quotas: every key has a bucket that holds `burst` and fills by `perSecond`. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

export interface Quota {
  readonly burst: number;
  readonly perSecond: number;
}

interface Level {
  left: number;
  at: number;
}

export class TokenBuckets {
  readonly #quota: Quota;
  readonly #clock: Clock;
  readonly #levels: LRUCache<string, Level>;

  /** @param maxKeys buckets remembered; the one not used for longest is forgotten, which fills it */
  constructor(quota: Quota, clock: Clock, maxKeys: number) {
    this.#quota = quota;
    this.#clock = clock;
    this.#levels = new LRUCache({ max: maxKeys });
  }

  /** Takes `amount`; false, and nothing taken, if there is less. */
  take(key: string, amount: number): boolean {
    const level = this.#level(key);
    if (level.left < amount) return false;
    level.left -= amount;
    return true;
  }

  /** Takes `amount` of what has already happened, down to debt. */
  charge(key: string, amount: number): void {
    this.#level(key).left -= amount;
  }

  /** False while the bucket is empty or in debt. */
  hasAny(key: string): boolean {
    return this.#level(key).left >= 1;
  }

  #level(key: string): Level {
    const now = this.#clock.monotonic();
    const known = this.#levels.get(key);
    if (known === undefined) {
      const full = { left: this.#quota.burst, at: now };
      this.#levels.set(key, full);
      return full;
    }
    const filled = known.left + ((now - known.at) / 1_000) * this.#quota.perSecond;
    known.left = Math.min(this.#quota.burst, filled);
    known.at = now;
    return known;
  }
}
