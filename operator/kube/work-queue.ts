/**
 * A queue of keys as controllers need it, by client-go's rules: a key that waits is in it once; a key that is being worked
 * on and added again is handed out again afterwards, never at the same time; failures come back later and later.
 */
import type { Clock } from '../clock.ts';
import { backoffDelay, type Backoff } from './backoff.ts';
import type { KubeMetrics } from './metrics.ts';

export interface WorkQueueOptions {
  /** Label of the metrics. */
  readonly name: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Pick<KubeMetrics, 'queueDepth' | 'queueAdds' | 'queueRetries' | 'queueDropped'>;
  /** Of a key that fails; from 200 ms to 5 min if absent. */
  readonly backoff?: Backoff;
  /**
   * Keys that may wait, now or later; 100,000 if absent, some 20 MB at 200 bytes a key. A key beyond is refused and counted;
   * the informers' resync offers it again.
   */
  readonly maxKeys?: number;
}

interface Waiting {
  readonly due: number;
  readonly cancel: () => void;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #maxKeys: number;
  /** To be worked on: those in #ready, and those in #processing that were added again. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  /** Insertion order is the order of work; always a subset of #dirty, disjoint from #processing. */
  readonly #ready = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #failures = new Map<string, number>();
  readonly #idle: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#maxKeys = options.maxKeys ?? 100_000;
  }

  /** Keys that could be worked on now. */
  get length(): number {
    return this.#ready.size;
  }

  /** @returns false if the queue is full or closed */
  add(key: string): boolean {
    if (this.#closed) return false;
    if (this.#dirty.has(key)) return true;
    if (this.#dirty.size >= this.#maxKeys) return this.#refuse();
    this.#dirty.add(key);
    this.#options.metrics.queueAdds.inc({ name: this.#options.name });
    if (!this.#processing.has(key)) this.#offer(key);
    return true;
  }

  /** Adds the key after `ms`; the earlier time counts if it waits already. */
  addAfter(key: string, ms: number): boolean {
    if (ms <= 0) return this.add(key);
    if (this.#closed) return false;
    const due = this.#options.clock.monotonic() + ms;
    const known = this.#waiting.get(key);
    if (known !== undefined && known.due <= due) return true;
    if (known === undefined && this.#waiting.size >= this.#maxKeys) return this.#refuse();
    known?.cancel();
    const cancel = this.#options.clock.after(ms, () => {
      this.#waiting.delete(key);
      this.add(key);
    });
    this.#waiting.set(key, { due, cancel });
    return true;
  }

  /** Adds the key after its next back-off; for work that failed. */
  addRateLimited(key: string): boolean {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    if (!this.addAfter(key, backoffDelay(failures, this.#options.backoff ?? defaultBackoff, this.#options.random))) {
      return false;
    }
    this.#failures.set(key, failures);
    this.#options.metrics.queueRetries.inc({ name: this.#options.name });
    return true;
  }

  /** The key's next failure starts again with the shortest back-off. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one; undefined once the queue is closed. {@link done} must follow. */
  get(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const [key] = this.#ready;
    if (key === undefined) return new Promise((resolve) => this.#idle.push(resolve));
    return Promise.resolve(this.#take(key));
  }

  /** The worker is done with the key, well or badly. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key) && !this.#closed) this.#offer(key);
  }

  /** Hands out nothing more. What waits is dropped: the next start lists everything anyway. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#waiting.values()) cancel();
    for (const set of [this.#waiting, this.#failures, this.#dirty, this.#ready]) set.clear();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
    this.#showDepth();
  }

  #offer(key: string): void {
    this.#ready.add(key);
    const worker = this.#idle.shift();
    if (worker === undefined) this.#showDepth();
    else worker(this.#take(key));
  }

  #take(key: string): string {
    this.#ready.delete(key);
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#showDepth();
    return key;
  }

  #refuse(): false {
    this.#options.metrics.queueDropped.inc({ name: this.#options.name });
    return false;
  }

  #showDepth(): void {
    this.#options.metrics.queueDepth.set({ name: this.#options.name }, this.#ready.size);
  }
}

const defaultBackoff: Backoff = { baseMs: 200, maxMs: 5 * 60_000 };
