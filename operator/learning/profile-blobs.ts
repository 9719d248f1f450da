/**
 * Finished profiles in the form that agents hold, by the digest of its bytes. The store remembers the digest of each; the bytes
 * are made when the profile is sealed, and again when somebody asks for them and they are here no more. What is in quarantine
 * is never among them. They are made in the thread that reads whole profiles (reading-thread.ts), one at a time.
 */
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { imageText, type Image } from '../../core/image.ts';
import { compilerRevision } from '../../core/match/compile.ts';
import type { QuarantineMark } from '../../core/profile/quarantine.ts';
import type { BlobMetrics } from '../metrics/blobs.ts';
import { Gate } from '../server/gate.ts';
import { ReadingStoppedError } from '../server/ports.ts';
import type { CompiledFacts, ProfileRecord, Store } from '../store/store.ts';
import type { Compiled, NotCompiled } from './compile-stored.ts';
import { contentDigest } from './compiled-profiles.ts';

/** 40 of the largest, or 3,000 of 5 KB: as many images as a large cluster runs. */
const defaultBytes = 16 * 1024 * 1024;
/** Who seals asks for two at a time, agents for 64 (blob-endpoint.ts). Of those that wait only the image is in memory. */
const maxWaiting = 128;
/** Digests of what cannot be compiled: 100 KB. To try one of these in vain takes up to half a minute. */
const maxHopeless = 1_000;

export interface ProfileBlobsOptions {
  readonly store: Pick<Store, 'evidence' | 'quarantined' | 'keepCompiled'>;
  /**
   * Compiles what the store has, elsewhere than on the event loop.
   * @throws ReadingStoppedError if that has to be tried again later
   */
  readonly compile: (evidence: Uint8Array, quarantine: readonly QuarantineMark[]) => Promise<Compiled | NotCompiled>;
  readonly metrics: BlobMetrics;
  readonly log: Logger;
  /** Of the bytes kept in memory; a parameter for tests. */
  readonly maxBytes?: number;
}

export class ProfileBlobs {
  readonly #options: ProfileBlobsOptions;
  readonly #bytes: LRUCache<string, Uint8Array>;
  readonly #hopeless = new LRUCache<string, true>({ max: maxHopeless });
  readonly #gate = new Gate(1, maxWaiting);

  constructor(options: ProfileBlobsOptions) {
    this.#options = options;
    this.#bytes = new LRUCache({
      maxSize: options.maxBytes ?? defaultBytes,
      sizeCalculation: ({ length }) => length,
    });
  }

  /**
   * Compiles what the store says of a stable profile, unless that is done.
   * @returns undefined if the profile has changed since, or cannot be compiled; `later` if there was no memory for it now
   * @throws GateFullError
   */
  async compiled({ image, compiled }: ProfileRecord): Promise<CompiledFacts | 'later' | undefined> {
    if (compiled?.revision === compilerRevision) return compiled;
    try {
      return await this.#gate.run(() => this.#compile(image));
    } catch (error) {
      if (!(error instanceof ReadingStoppedError)) throw error;
      this.#options.metrics.onCompiled('postponed');
      this.#options.log.warn({ image: imageText(image), reason: error.message }, 'a profile is compiled later');
      return 'later';
    }
  }

  /**
   * @param image whose profile has this digest, as far as the caller knows
   * @returns undefined if it is another by now
   * @throws GateFullError, ReadingStoppedError: better later
   */
  async get(image: Image, digest: string): Promise<Uint8Array | undefined> {
    const kept = (): Uint8Array | undefined => this.#bytes.get(digest);
    return (
      kept() ??
      this.#gate.run(async () => {
        // Others may have asked for the same.
        if (!this.#bytes.has(digest)) await this.#compile(image);
        return kept();
      })
    );
  }

  async #compile(image: Image): Promise<CompiledFacts | undefined> {
    const { store, metrics, log } = this.#options;
    const stored = await store.evidence(image);
    if (stored?.profile.state !== 'stable') return undefined;
    // Read after the evidence: what is marked in between gives the profile another version, and nothing is kept.
    const marks = await store.quarantined(image);
    const content = contentDigest(stored.evidence, marks);
    if (this.#hopeless.has(content)) return undefined;
    const started = performance.now();
    const made = await this.#options.compile(stored.evidence, marks);
    if (made.kind === 'not-compiled') {
      this.#hopeless.set(content, true);
      metrics.onCompiled('failed');
      log.error({ image: imageText(image), reason: made.reason }, 'the profile cannot be compiled for agents');
      return undefined;
    }
    const { bytes, facts } = made;
    if (!(await store.keepCompiled(image, stored.profile.version, facts))) return undefined;
    this.#bytes.set(facts.digest, bytes);
    metrics.onCompiled('compiled', (performance.now() - started) / 1_000);
    metrics.kept(this.#bytes.size, this.#bytes.calculatedSize);
    return facts;
  }
}
