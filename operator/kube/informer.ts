/**
 * A local, always converging copy of one resource: a paged list, then a watch, and the same again after whatever goes
 * wrong. Level-triggered: a change that was missed shows as a difference at the next list.
 */
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { backoffDelay, type Backoff } from './backoff.ts';
import { GoneError, problemText } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import { ObjectCache, type CacheEntry, type Index } from './object-cache.ts';
import { keyOf } from './resource.ts';
import type { ListWatchSource } from './source.ts';
import type { WatchEvent } from './watch.ts';

export type Projection<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export interface InformerOptions<T> {
  /** Label of metrics and logs, such as `pods`. */
  readonly name: string;
  readonly source: ListWatchSource;
  /** Takes from the raw object what is worth keeping; runs once per version of an object. */
  readonly project: (raw: unknown) => Projection<T>;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  /** Hands every key to the handlers again in this interval; 10 min if absent. */
  readonly resyncMs?: number;
  /** Objects beyond are counted and left out. 200,000 if absent: Kubernetes itself is tested up to 150,000 pods. */
  readonly maxObjects?: number;
}

export interface InformerContext {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: KubeMetrics;
  readonly log: Logger;
}

/** `resync`: nothing changed, look again. */
export type Change<T> =
  | { readonly type: 'added' | 'deleted' | 'resync'; readonly key: string; readonly value: T }
  | { readonly type: 'updated'; readonly key: string; readonly value: T; readonly old: T };

export interface Informer<T> {
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>;
  get(key: string): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
  readonly size: number;
  /** Starts with `added` for everything already known; returns the way to end it. */
  subscribe(handler: (change: Change<T>) => void): () => void;
  /** What is taken from objects has changed: lists again, and takes it from all, when the watch ends (within 25 s). */
  relist(): void;
  /** Runs until `signal` aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** As client-go's reflector: quick after one failure, slow while the API server is down. */
const backoff: Backoff = { baseMs: 800, maxMs: 30_000 };
/** A watch that held this long worked, even if it saw nothing. */
const healthyWatchMs = 1_000;
/** Watches that fail this often in a row may have a version that the server will never serve: list again. */
const failuresBeforeList = 5;
const defaultResyncMs = 10 * 60_000;
const defaultMaxObjects = 200_000;

const metadataSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
});
const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });

/** A projection that is a zod schema. */
export function zodProjection<T>(schema: z.ZodType<T>): (raw: unknown) => Projection<T> {
  return (raw) => {
    const parsed = schema.safeParse(raw);
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, problem: z.prettifyError(parsed.error).slice(0, 500) };
  };
}

export function createInformer<T>(options: InformerOptions<T>, context: InformerContext): Informer<T> {
  return new ListWatchInformer(options, context);
}

class ListWatchInformer<T> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #context: InformerContext;
  readonly #cache: ObjectCache<T>;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  #markSynced: () => void;
  /** Version to watch from; undefined: list first. */
  #version: string | undefined;
  #failures = 0;
  /** How often somebody wanted a list of everything, and which of these wishes the last list met. */
  #wishes = 0;
  #met = 0;

  constructor(options: InformerOptions<T>, context: InformerContext) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#markSynced = resolve;
    this.#options = options;
    this.#context = context;
    this.#cache = new ObjectCache(options.indexes ?? {});
  }

  get size(): number {
    return this.#cache.size;
  }

  get(key: string): T | undefined {
    return this.#cache.get(key)?.value;
  }

  list(): T[] {
    return Array.from(this.#cache.entries(), (entry) => entry.value);
  }

  byIndex(index: string, value: string): T[] {
    return this.#cache.byIndex(index, value);
  }

  subscribe(handler: (change: Change<T>) => void): () => void {
    for (const { key, value } of this.#cache.entries()) this.#call(handler, { type: 'added', key, value });
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  relist(): void {
    this.#wishes += 1;
  }

  async run(signal: AbortSignal): Promise<void> {
    const resyncs = this.#resyncLoop(signal);
    while (!signal.aborted) {
      try {
        await this.#listAndWatch(signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
    await resyncs;
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    if (this.#version === undefined || this.#met !== this.#wishes) await this.#readList(signal);
    if (this.#version === undefined || signal.aborted) return;
    const started = clock.monotonic();
    await this.#options.source.watch(this.#version, (event) => this.#onEvent(event), signal);
    if (clock.monotonic() - started >= healthyWatchMs) this.#failures = 0;
    else if (!signal.aborted) throw new Error('the watch was closed as soon as it was opened');
  }

  /** Waits after every error, longer each time; what cannot be watched is listed anew. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock, random, metrics, log } = this.#context;
    this.#failures += 1;
    const reason = error instanceof Error ? error.name : 'unknown';
    metrics.informerFailures.inc({ resource: this.#options.name, reason });
    if (error instanceof GoneError || this.#failures % failuresBeforeList === 0) this.#version = undefined;
    const delayMs = Math.round(backoffDelay(this.#failures, backoff, random));
    log.warn({ informer: this.#options.name, problem: problemText(error), delayMs }, 'informer starts again');
    await clock.sleep(delayMs, signal);
  }

  /** Reads all pages, then removes what was in none of them. */
  async #readList(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    const wishes = this.#wishes;
    let next: string | undefined;
    let version: string;
    do {
      const page = await this.#options.source.list(next, signal);
      for (const raw of page.items) this.#take(raw, { seen, anew: wishes !== this.#met });
      version = page.resourceVersion;
      next = page.next;
    } while (next !== undefined);
    for (const { key } of this.#cache.entries()) {
      if (!seen.has(key)) this.#remove(key);
    }
    this.#version = version;
    this.#met = wishes;
    this.#context.metrics.informerLists.inc({ resource: this.#options.name });
    this.#showSize();
    this.#markSynced();
  }

  #onEvent(event: WatchEvent): void {
    const resource = this.#options.name;
    this.#context.metrics.informerEvents.inc({ resource, type: event.type });
    // Every event moves the version on, also one whose object we cannot use: the next watch must not begin before it.
    const at = bookmarkSchema.safeParse(event.object);
    if (at.success) this.#version = at.data.metadata.resourceVersion;
    this.#failures = 0;
    if (event.type === 'BOOKMARK') return;
    if (event.type === 'DELETED') {
      const object = metadataSchema.safeParse(event.object);
      if (object.success) this.#remove(keyOf(present(object.data.metadata)));
      else this.#skip('unparsable', 'a deleted object without metadata');
    } else {
      this.#take(event.object);
    }
    this.#showSize();
  }

  /** Takes an object in. One that cannot be parsed keeps its last known projection: it is not gone. */
  #take(raw: unknown, list?: { readonly seen: Set<string>; readonly anew: boolean }): void {
    const object = metadataSchema.safeParse(raw);
    if (!object.success) return this.#skip('unparsable', 'an object without metadata');
    const { uid, resourceVersion } = object.data.metadata;
    const key = keyOf(present(object.data.metadata));
    list?.seen.add(key);
    const known = this.#cache.get(key);
    if (known?.uid === uid && known.resourceVersion === resourceVersion && list?.anew !== true) return;
    const projected = this.#project(raw);
    if (!projected.ok) return this.#skip('unparsable', `${key}: ${projected.problem}`);
    if (known === undefined && this.#cache.size >= (this.#options.maxObjects ?? defaultMaxObjects)) {
      return this.#skip('full', key);
    }
    this.#put({ key, uid, resourceVersion, value: projected.value });
  }

  /** One object that a projection chokes on must not keep all others out. */
  #project(raw: unknown): Projection<T> {
    try {
      return this.#options.project(raw);
    } catch (error) {
      return { ok: false, problem: problemText(error) };
    }
  }

  #put(entry: CacheEntry<T>): void {
    const { key, value } = entry;
    // Another uid is another object: its predecessor's end must not be mistaken for a change.
    if (this.#cache.get(key)?.uid !== entry.uid) this.#remove(key);
    const old = this.#cache.set(entry);
    this.#publish(old === undefined ? { type: 'added', key, value } : { type: 'updated', key, value, old: old.value });
  }

  #remove(key: string): void {
    const old = this.#cache.delete(key);
    if (old !== undefined) this.#publish({ type: 'deleted', key, value: old.value });
  }

  #skip(reason: 'unparsable' | 'full', what: string): void {
    this.#context.metrics.informerSkipped.inc({ resource: this.#options.name, reason });
    // A full cache would say the same of every object that follows: the counter has to do.
    const level = reason === 'full' ? 'debug' : 'warn';
    this.#context.log[level]({ informer: this.#options.name, reason, what }, 'object left out');
  }

  #publish(change: Change<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change);
  }

  #call(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#context.metrics.handlerFailures.inc({ resource: this.#options.name });
      this.#context.log.error({ informer: this.#options.name, key: change.key, err: error }, 'handler failed');
    }
  }

  #showSize(): void {
    this.#context.metrics.informerObjects.set({ resource: this.#options.name }, this.#cache.size);
  }

  async #resyncLoop(signal: AbortSignal): Promise<void> {
    const interval = this.#options.resyncMs ?? defaultResyncMs;
    while (!signal.aborted) {
      // Spread over a tenth, so that informers that started together drift apart.
      await this.#context.clock.sleep(interval * (1 + 0.1 * this.#context.random()), signal);
      if (signal.aborted) return;
      for (const { key, value } of this.#cache.entries()) this.#publish({ type: 'resync', key, value });
    }
  }
}

function present(metadata: { name: string; namespace?: string | undefined }): { name: string; namespace?: string } {
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { name: metadata.name, namespace: metadata.namespace };
}
