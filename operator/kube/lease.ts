/** One attempt to take or keep a Lease, by client-go's rules. The loop around it is in leader-election.ts. */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { ConflictError } from './errors.ts';
import { createObject, findObject, replaceObject } from './objects.ts';
import { leases, type ObjectName } from './resource.ts';

const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});

type Lease = z.infer<typeof leaseSchema>;
type LeaseSpec = Lease['spec'];

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly lease: Required<ObjectName>;
  /** Who we are; unique among the candidates, also over restarts. */
  readonly identity: string;
  readonly durationMs: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * `held`: by us, until `durationMs` from the start of the attempt. `other`: by somebody whose time is not over. `raced`:
 * somebody wrote between our read and our write; it need not have been a candidate.
 */
export type LeaseState = 'held' | 'other' | 'raced';

/**
 * A candidate's view of the Lease. Other hosts' clocks are never compared with ours: a holder's time runs from the moment
 * at which we saw its record change.
 */
export class LeaseCandidate {
  readonly #options: LeaseOptions;
  #observed: { readonly record: string; readonly at: number } | undefined;

  constructor(options: LeaseOptions) {
    const { client, requestTimeoutMs } = options;
    // An answer that comes after the holder had to step down is of no use.
    const request: KubeClient['request'] = (wanted) => client.request({ ...wanted, timeoutMs: requestTimeoutMs });
    this.#options = { ...options, client: { ...client, request } };
  }

  /** @throws KubeError */
  async tryAcquireOrRenew(): Promise<LeaseState> {
    const { client, lease, identity } = this.#options;
    try {
      const current = await findObject(client, leases, lease, leaseSchema);
      if (current === undefined) {
        await createObject(client, leases, { metadata: { ...lease }, spec: this.#record(undefined) }, leaseSchema);
        return 'held';
      }
      if (current.spec.holderIdentity !== identity && this.#isTaken(current.spec)) return 'other';
      await this.#write(current, this.#record(current.spec));
      return 'held';
    } catch (error) {
      if (error instanceof ConflictError) return 'raced';
      throw error;
    }
  }

  /** Gives the Lease up at once, if it is ours, so that the next candidate need not wait. */
  async release(): Promise<void> {
    const { client, lease, identity } = this.#options;
    const current = await findObject(client, leases, lease, leaseSchema);
    if (current?.spec.holderIdentity !== identity) return;
    await this.#write(current, { ...this.#record(current.spec), holderIdentity: '', leaseDurationSeconds: 1 });
  }

  #isTaken(spec: LeaseSpec): boolean {
    const now = this.#options.clock.monotonic();
    const record = JSON.stringify(spec);
    if (this.#observed?.record !== record) this.#observed = { record, at: now };
    if (spec.holderIdentity === undefined || spec.holderIdentity === null || spec.holderIdentity === '') return false;
    const durationMs = (spec.leaseDurationSeconds ?? 0) * 1_000;
    return this.#observed.at + durationMs > now;
  }

  #record(previous: LeaseSpec | undefined): LeaseSpec {
    const now = microTime(this.#options.clock.now());
    const kept = previous?.holderIdentity === this.#options.identity;
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.durationMs / 1_000),
      renewTime: now,
      acquireTime: kept ? (previous.acquireTime ?? now) : now,
      leaseTransitions: (previous?.leaseTransitions ?? 0) + (previous === undefined || kept ? 0 : 1),
    };
  }

  async #write(current: Lease, spec: LeaseSpec): Promise<void> {
    const { client, lease } = this.#options;
    const metadata = { ...lease, resourceVersion: current.metadata.resourceVersion };
    await replaceObject(client, leases, { metadata, spec }, leaseSchema);
  }
}

/** The API server's MicroTime wants exactly six decimals. */
function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
