/**
 * Reads and compiles whole profiles in a thread of its own, so that nothing waits for it, and within a heap of its own, so that
 * the largest profile cannot take the memory of all else. The thread begins with a question, and ends when none has come for a
 * while. It works on three at a time at most: one that somebody asked (profileGate), one to compile (profile-blobs.ts) and one to
 * publish. Should the heap not suffice for more than one, all may be asked again; what fills it alone is too large.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { CheckMetrics } from '../metrics/checks.ts';
import { Gate } from '../server/gate.ts';
import type { MemoryWatch } from '../server/memory.ts';
import {
  type ProfileModel,
  type ProfileModels,
  ProfileTooLargeError,
  ReadingStoppedError,
  type UnknownAnswer,
  type UnknownBehaviours,
} from '../server/ports.ts';
import type { Compiled, NotCompiled } from './compile-stored.ts';
import { publishStored } from './evidence-bytes.ts';
import type { KnownProfiles } from './known-profiles.ts';
import type { ProfileBlobsOptions } from './profile-blobs.ts';
import type {
  Answer,
  Asking,
  FromThread,
  Published,
  ReadMethod,
  ReadRequest,
  ReadResult,
  Reads,
  ThreadOptions,
  ToThread,
} from './reading-protocol.ts';
import { heapMiB } from './reading-room.ts';

export interface ReadingOptions {
  readonly store: Omit<Reads, 'imageNamed' | 'podContainers'>;
  readonly known: Pick<KnownProfiles, 'named'>;
  readonly inventory: Pick<Inventory, 'ofImage'>;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly metrics: CheckMetrics;
  readonly clock: Pick<Clock, 'after' | 'now' | 'monotonic'>;
  /** Of compiled profiles. */
  readonly secret: Uint8Array;
  /** Old objects of the thread, in MiB. A parameter for tests. */
  readonly heapMiB?: number;
  /** Of the process. A parameter for tests. */
  readonly limitBytes?: number;
}

export interface Reading {
  readonly unknown: UnknownBehaviours;
  /** Without a time, what is known now. */
  readonly model: ProfileModels;
  readonly compile: ProfileBlobsOptions['compile'];
  /** In place, if there is not the memory for it in the thread: a finished profile has to be published. */
  readonly publish: typeof publishStored;
  /** What is being read ends without an answer, and so does what is asked later. */
  close(): Promise<void>;
}

/** For the next question about the same image, whose compiled form is still there; the thread at rest costs some 20 MiB. */
const idleMs = 60_000;
/** Two profiles are published at a time (controller.ts). */
const maxPublishing = 8;
/** Nothing is kept of what was compiled, but profiles are often finished one after the other, and beginning takes 0.1 s. */
const idleCompilingMs = 2_000;

export function createReading(options: ReadingOptions): Reading {
  const { clock } = options;
  let thread: ReadingThread | undefined;
  let cancelEnd = (): void => undefined;
  let keptUntil = -Infinity;
  let isClosed = false;
  const publishing = new Gate(1, maxPublishing);

  async function end(): Promise<void> {
    cancelEnd();
    const ending = thread;
    thread = undefined;
    await ending?.stop(new ReadingStoppedError(ends));
  }

  async function ask<Found extends Answer>(asking: Asking, keepMs: number): Promise<Found> {
    if (isClosed) throw new ReadingStoppedError(ends);
    cancelEnd();
    if (thread === undefined || thread.hasEnded) thread = new ReadingThread(options);
    const own = thread;
    try {
      return await own.ask<Found>(asking);
    } finally {
      keptUntil = Math.max(keptUntil, clock.monotonic() + keepMs);
      cancelEnd();
      if (own === thread && own.isIdle) cancelEnd = clock.after(keptUntil - clock.monotonic(), () => void end());
    }
  }

  return {
    unknown: (question) => ask<UnknownAnswer>({ what: 'unknown', question }, idleMs),
    model: (name, at = clock.now()) => ask<ProfileModel>({ what: 'model', name, at }, idleMs),
    compile: async (evidence, quarantine) => {
      try {
        return await ask<Compiled | NotCompiled>({ what: 'compile', evidence, quarantine }, idleCompilingMs);
      } catch (error) {
        if (!(error instanceof ProfileTooLargeError)) throw error;
        return { kind: 'not-compiled', reason: error.message };
      }
    },
    publish: (evidence, facts) =>
      publishing.run(async () => {
        try {
          const asking: Asking = { what: 'publish', evidence, facts };
          return (await ask<Published>(asking, idleCompilingMs)).publication;
        } catch (error) {
          if (error instanceof ReadingStoppedError) return publishStored(evidence, facts);
          throw error;
        }
      }),
    close: async () => {
      isClosed = true;
      await end();
    },
  };
}

const ends = 'the operator ends';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

class ReadingThread {
  readonly #options: ReadingOptions;
  readonly #reads: Reads;
  readonly #worker: Worker;
  readonly #asked = new Map<number, Waiting>();
  #lastId = 0;
  #ended = false;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#reads = readsOf(options);
    const { secret, limitBytes } = options;
    const workerData: ThreadOptions = { secret, ...(limitBytes !== undefined && { limitBytes }) };
    const resourceLimits = {
      maxOldGenerationSizeMb: options.heapMiB ?? heapMiB.old,
      maxYoungGenerationSizeMb: heapMiB.young,
    };
    this.#worker = new Worker(workerUrl(), { workerData, resourceLimits, name: 'reading' });
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('error', (error) => void this.stop(this.#asStopped(error)));
    this.#worker.on('exit', () => void this.stop(new Error('the thread that reads profiles has ended')));
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get isIdle(): boolean {
    return this.#asked.size === 0;
  }

  ask<Answer>(asking: Asking): Promise<Answer> {
    const { promise, ...waiting } = Promise.withResolvers<Answer>();
    this.#lastId += 1;
    this.#asked.set(this.#lastId, waiting);
    this.#send({ type: 'ask', id: this.#lastId, asking });
    return promise;
  }

  /** Whoever waits for an answer is told `why` there is none. */
  async stop(why: unknown): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      for (const waiting of this.#asked.values()) waiting.reject(why);
      this.#asked.clear();
      this.#options.metrics.onForgotten();
    }
    await this.#worker.terminate();
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message, []);
  }

  #hear(message: FromThread): void {
    const { metrics } = this.#options;
    switch (message.type) {
      case 'read':
        return void this.#read(message);
      case 'answer':
        this.#asked.get(message.id)?.resolve(message.answer);
        this.#asked.delete(message.id);
        return;
      case 'refused': {
        const { id, reason, isFinal } = message;
        this.#asked.get(id)?.reject(isFinal ? new ProfileTooLargeError(reason) : new ReadingStoppedError(reason));
        this.#asked.delete(id);
        return;
      }
      case 'compiled':
        return metrics.onProfile(message.how);
      case 'checked':
        return metrics.onChecked(message.facts);
    }
  }

  #asStopped(error: unknown): unknown {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (!isFull) return error;
    return this.#asked.size > 1
      ? new ReadingStoppedError('two profiles at a time were too large for the memory that there is; ask again later')
      : new ProfileTooLargeError('the profile is too large to be read in the memory that there is for it');
  }

  async #read(request: ReadRequest): Promise<void> {
    const { memory } = this.#options;
    try {
      // Learning comes first.
      if (memory.isScarce) throw new ReadingStoppedError('the operator has become short of memory; ask again later');
      this.#send({ type: 'value', id: request.id, value: await perform(this.#reads, request) });
    } catch (error) {
      await this.stop(error);
    }
  }
}

function readsOf({ store, known, inventory }: Pick<ReadingOptions, 'store' | 'known' | 'inventory'>): Reads {
  const { profile, evidence, snapshotCounts, snapshots, quarantined, lostPeriods } = store;
  return {
    profile,
    evidence,
    snapshotCounts,
    snapshots,
    quarantined,
    lostPeriods,
    imageNamed: async (name) => known.named(name),
    podContainers: async (image, pod) => {
      const of = Array.from(inventory.ofImage(image)).filter(
        (one) => one.pod.namespace === pod.namespace && one.pod.name === pod.name,
      );
      return of.map(({ id }) => id);
    },
  };
}

function perform<M extends ReadMethod>(reads: Reads, request: ReadRequest<M>): Promise<ReadResult<M>> {
  return reads[request.method](...request.args);
}

function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './reading-worker.ts' : './reading-worker.js', import.meta.url);
}
