/**
 * Bearer tokens, judged by the API server's TokenReview. Results are kept for a short time under the token's hash; the token
 * itself is never stored or logged.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Identity } from '../kube/reviews.ts';
import { Gate, GateFullError } from './gate.ts';
import type { ServerMetrics } from './metrics.ts';
import { TokenBuckets } from './token-bucket.ts';

export interface TokenAuthenticatorOptions {
  /** Undefined: the token is not valid. Rejects if the API server cannot say. */
  readonly review: (token: string) => Promise<Identity | undefined>;
  readonly clock: Clock;
  readonly metrics: Pick<ServerMetrics, 'tokenReviews'>;
}

/**
 * `invalid`: the API server does not know the token, or not for this audience. `flooding`: too many invalid ones came from
 * this address. `unavailable`: nobody could say.
 */
export type TokenVerdict =
  { readonly type: 'valid'; readonly identity: Identity } | { readonly type: 'invalid' | 'flooding' | 'unavailable' };

/** How long a deleted pod's token still works. 1,000 agents cost 17 reviews a second at this age. */
const validMs = 60_000;
/** Short: a token may be refused for a moment, while its pod is new to the API server. */
const invalidMs = 10_000;
/** 10,000 agents, or 2,000 times nonsense: at about 600 and 150 bytes an entry 6 MB. */
const maxValid = 10_000;
const maxInvalid = 2_000;
/** Reviews that run and that wait; a review takes some 5 ms. */
const parallelReviews = 16;
const waitingReviews = 256;
/** Invalid tokens per address before it is told to wait: enough for a roll-out, too few to keep the reviews busy. */
const invalidQuota = { burst: 20, perSecond: 0.2 };
const maxAddresses = 4_096;

export class TokenAuthenticator {
  readonly #options: TokenAuthenticatorOptions;
  readonly #valid: LRUCache<string, Identity>;
  readonly #invalid: LRUCache<string, true>;
  readonly #running = new Map<string, Promise<Identity | undefined>>();
  readonly #gate = new Gate(parallelReviews, waitingReviews);
  readonly #failures: TokenBuckets;

  constructor(options: TokenAuthenticatorOptions) {
    const { clock } = options;
    const perf = { now: () => clock.monotonic() };
    this.#options = options;
    this.#valid = new LRUCache({ max: maxValid, ttl: validMs, perf, ttlResolution: 0 });
    this.#invalid = new LRUCache({ max: maxInvalid, ttl: invalidMs, perf, ttlResolution: 0 });
    this.#failures = new TokenBuckets(invalidQuota, clock, maxAddresses);
  }

  /** @param address of the other end of the connection */
  async authenticate(token: string, address: string): Promise<TokenVerdict> {
    const key = hash('sha256', token);
    const known = this.#valid.get(key);
    if (known !== undefined) {
      this.#count('cached');
      return { type: 'valid', identity: known };
    }
    if (!this.#failures.hasAny(address)) return this.#refuse('limited', 'flooding');
    if (this.#invalid.has(key)) {
      this.#failures.charge(address, 1);
      return this.#refuse('cached', 'invalid');
    }
    return this.#review(key, token, address);
  }

  async #review(key: string, token: string, address: string): Promise<TokenVerdict> {
    try {
      const identity = await this.#reviewOnce(key, token);
      if (identity !== undefined) {
        this.#count('valid');
        this.#valid.set(key, identity);
        return { type: 'valid', identity };
      }
      this.#invalid.set(key, true);
      this.#failures.charge(address, 1);
      return this.#refuse('invalid', 'invalid');
    } catch (error) {
      return this.#refuse(error instanceof GateFullError ? 'busy' : 'failed', 'unavailable');
    }
  }

  /** Requests that arrive together with one token share one review. */
  #reviewOnce(key: string, token: string): Promise<Identity | undefined> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const review = this.#gate.run(() => this.#options.review(token)).finally(() => this.#running.delete(key));
    this.#running.set(key, review);
    return review;
  }

  #refuse(outcome: string, type: 'invalid' | 'flooding' | 'unavailable'): TokenVerdict {
    this.#count(outcome);
    return { type };
  }

  #count(outcome: string): void {
    this.#options.metrics.tokenReviews.inc({ outcome });
  }
}
