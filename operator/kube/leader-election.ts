/** Work that only one process at a time may do, guarded by a Lease. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { problemText } from './errors.ts';
import { LeaseCandidate, type LeaseState } from './lease.ts';
import type { KubeMetrics } from './metrics.ts';
import type { ObjectName } from './resource.ts';

/** Milliseconds. The distance between the first two is the time to stop working. */
export interface LeaseTimings {
  /** How long others wait for a holder that says nothing. */
  readonly durationMs: number;
  /** The holder steps down when it could not renew for so long. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
  /** For each of the two requests of a renewal: an attempt that hangs leaves time for others. */
  readonly requestTimeoutMs: number;
}

/**
 * Longer than client-go's 15 and 10 s: an API server that is rolled, or a host on which everybody waits for a processor,
 * answers nothing for tens of seconds, and an end costs more than it saves, for the one replica is started anew and all
 * agents come at once. A successor has to wait only when the holder's node is lost: a clean end releases the Lease, and a
 * container that is started again in its pod has the same identity.
 */
export const defaultLeaseTimings: LeaseTimings = {
  durationMs: 60_000,
  renewDeadlineMs: 40_000,
  retryMs: 2_000,
  requestTimeoutMs: 10_000,
};

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly lease: Required<ObjectName>;
  /** Unique among the candidates and over restarts: pod name and a random part. */
  readonly identity: string;
  readonly timings?: LeaseTimings;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Pick<KubeMetrics, 'leader' | 'leaseFailures'>;
  readonly log: Logger;
}

type Term = 'finished' | 'lost';

/**
 * Waits for the Lease, then runs `lead` for as long as it is held. When it is lost, the term's signal aborts, `lead` must
 * return, and the wait begins again. Ends when `stop` aborts or `lead` returns by itself; then the Lease is released, and
 * not before `lead` has returned.
 * @throws what `lead` throws
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (term: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const election = new Election(options);
  let term: Term = 'lost';
  while (term === 'lost' && !stop.aborted) {
    if (await election.acquire(stop)) term = await election.serve(lead, stop);
  }
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

/** The work's end as a value: nobody may be waiting at the moment it fails. */
async function run(lead: (term: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<Outcome> {
  try {
    await lead(signal);
    return { ok: true };
  } catch (error) {
    return { ok: false, error };
  }
}

class Election {
  readonly #options: LeaderElectionOptions;
  readonly #timings: LeaseTimings;
  readonly #candidate: LeaseCandidate;
  readonly #label: { lease: string };
  /** Monotonic start of the last attempt that succeeded: from here others count our time at the earliest. */
  #renewedAt = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timings = options.timings ?? defaultLeaseTimings;
    this.#label = { lease: options.lease.name };
    const { durationMs, requestTimeoutMs } = this.#timings;
    this.#candidate = new LeaseCandidate({ ...options, durationMs, requestTimeoutMs });
  }

  /** @returns false if `stop` aborted first */
  async acquire(stop: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    while (!stop.aborted) {
      if ((await this.#attempt()) === 'held') return true;
      await clock.sleep(this.#timings.retryMs * (1 + 0.2 * random()), stop);
    }
    return false;
  }

  async serve(lead: (term: AbortSignal) => Promise<void>, stop: AbortSignal): Promise<Term> {
    const { clock, metrics, log, lease } = this.#options;
    const term = new AbortController();
    const over = new AbortController();
    metrics.leader.set(this.#label, 1);
    log.info({ lease: lease.name }, 'leading');
    const work = run(lead, AbortSignal.any([term.signal, stop])).finally(() => over.abort());
    const finished = await this.#renewUntil(over.signal);
    if (!finished) log.error({ lease: lease.name, renewedMsAgo: clock.monotonic() - this.#renewedAt }, 'lease lost');
    term.abort();
    const outcome = await work;
    metrics.leader.set(this.#label, 0);
    // A lost lease runs out by itself, and the API server that could not be reached need not be asked again.
    if (finished) await this.#release();
    if (!outcome.ok) throw outcome.error;
    return finished ? 'finished' : 'lost';
  }

  /** @returns true when `over` aborted, false when the Lease was lost */
  async #renewUntil(over: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    for (;;) {
      await clock.sleep(this.#timings.retryMs, over);
      if (over.aborted) return true;
      const leftMs = this.#renewedAt + this.#timings.renewDeadlineMs - clock.monotonic();
      if ((await this.#attemptWithin(leftMs)) === 'other') return false;
      if (clock.monotonic() - this.#renewedAt >= this.#timings.renewDeadlineMs) return false;
    }
  }

  async #attemptWithin(ms: number): Promise<LeaseState | 'failed'> {
    const answered = new AbortController();
    const tooLate = this.#options.clock.sleep(ms, answered.signal).then(() => 'failed' as const);
    const attempt = this.#attempt();
    try {
      return await Promise.race([attempt, tooLate]);
    } finally {
      answered.abort();
    }
  }

  async #attempt(): Promise<LeaseState | 'failed'> {
    const { clock, metrics, log, lease } = this.#options;
    const started = clock.monotonic();
    try {
      const state = await this.#candidate.tryAcquireOrRenew();
      if (state === 'held') this.#renewedAt = started;
      return state;
    } catch (error) {
      metrics.leaseFailures.inc(this.#label);
      log.warn({ lease: lease.name, problem: problemText(error) }, 'lease could not be read or written');
      return 'failed';
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#candidate.release();
    } catch (error) {
      // It runs out by itself: the next holder only waits longer.
      this.#options.log.warn({ lease: this.#options.lease.name, problem: problemText(error) }, 'lease not released');
    }
  }
}
