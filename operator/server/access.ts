/** Who asks, and whether the cluster's own RBAC allows it. Decisions are remembered for a while. */
import { hash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { AccessQuestion, Identity } from '../kube/reviews.ts';
import { identify } from './authentication.ts';
import { Problem } from './problem.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';
import { TokenBuckets } from './token-bucket.ts';

export interface AccessOptions {
  /** For tokens of the API server's own audience. */
  readonly authenticator: TokenAuthenticator;
  /** Rejects if the API server cannot say. */
  readonly isAllowed: (who: Identity, question: AccessQuestion) => Promise<boolean>;
  readonly clock: Clock;
}

/** How long a withdrawn right still works. */
const decisionMs = 30_000;
const maxDecisions = 1_000;
/**
 * Per user. Each question may be two reviews at the API server, whoever asks, also who may nothing: namespaces can be made up.
 * `kubectl wsp containers` asks for 200 pages of 100,000 containers.
 */
const quota = { burst: 300, perSecond: 10 };
const maxUsers = 10_000;

export class Access {
  readonly #options: AccessOptions;
  readonly #decisions: LRUCache<string, boolean>;
  readonly #requests: TokenBuckets;

  constructor(options: AccessOptions) {
    this.#options = options;
    const perf = { now: () => options.clock.monotonic() };
    this.#requests = new TokenBuckets(quota, options.clock, maxUsers);
    this.#decisions = new LRUCache({ max: maxDecisions, ttl: decisionMs, perf, ttlResolution: 0 });
  }

  /** @throws Problem 401, 429 or 503 */
  async identify(request: Request): Promise<Identity> {
    const who = await identify(request, this.#options.authenticator);
    if (this.#requests.take(who.username, 1)) return who;
    const detail = `${who.username} asks more than ${quota.perSecond} times a second`;
    throw new Problem({ status: 429, code: 'quota-requests', detail, retryAfter: 5 });
  }

  /** @throws Problem 503 */
  async isAllowed(who: Identity, question: AccessQuestion): Promise<boolean> {
    const key = hash('sha256', JSON.stringify([who, question]));
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = await this.#options.isAllowed(who, question).catch((error: unknown) => {
      const detail = 'the API server could not review the access now';
      throw new Problem({ status: 503, code: 'review-unavailable', detail, retryAfter: 5 }, error);
    });
    this.#decisions.set(key, decision);
    return decision;
  }

  /** Lets through who may. */
  allowing(question: AccessQuestion): RequestHandler {
    return async (request, _response, next) => {
      const who = await this.identify(request);
      if (!(await this.isAllowed(who, question))) throw this.forbidden(who, question);
      next();
    };
  }

  forbidden(who: Identity, question: AccessQuestion): Problem {
    const what = question.type === 'path' ? question.path : resourceText(question);
    const detail = `${who.username} may not ${question.verb} ${what}: bind a role that grants it`;
    return new Problem({ status: 403, code: 'forbidden', detail });
  }
}

function resourceText(question: Extract<AccessQuestion, { type: 'resource' }>): string {
  const { resource, subresource, group, namespace } = question;
  const what = subresource === undefined ? `${resource}.${group}` : `${resource}.${group}/${subresource}`;
  return namespace === undefined ? what : `${what} in the namespace ${namespace}`;
}
