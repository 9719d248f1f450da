/**
 * Finished profiles in the form that agents hold, by the digest of its bytes. The store remembers the digest of each; the bytes
 * are made when the profile is sealed, and again when somebody asks for them and they are here no more. What is in quarantine
 * is never among them.
 *
 * All of it happens on the event loop, one profile at a time and in three portions between which others get their turn. Measured,
 * in time of the processor: a profile of 1,000 behaviours takes 8, 1 and 2 ms, one of 20,000 206, 81 and 50 ms. Publishing that
 * one takes 403 ms, after the same reading.
 */
import { setImmediate } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { imageText, type Image } from '../../core/image.ts';
import { compileKnown, compilerRevision } from '../../core/match/compile.ts';
import { compiledDigest, decodeCompiled } from '../../core/match/compiled-format.ts';
import { knownByEvidence } from '../../core/match/known-behaviour.ts';
import { EvidenceFormatError } from '../../core/profile/decode-evidence.ts';
import type { Evidence } from '../../core/profile/evidence.ts';
import { withoutQuarantined } from '../../core/profile/quarantine.ts';
import type { BlobMetrics } from '../metrics/blobs.ts';
import { Gate } from '../server/gate.ts';
import type { CompiledFacts, ProfileRecord, Store } from '../store/store.ts';
import { unpackEvidence } from './evidence-bytes.ts';

/** 40 of the largest, or 3,000 of 5 KB: as many images as a large cluster runs. */
const defaultBytes = 16 * 1024 * 1024;
/** Who seals asks for two at a time, agents for 64 (blob-endpoint.ts). */
const maxWaiting = 128;

export interface ProfileBlobsOptions {
  readonly store: Pick<Store, 'evidence' | 'quarantined' | 'keepCompiled'>;
  /** From which the key of each profile comes, the same ever after. */
  readonly secret: Uint8Array;
  readonly metrics: BlobMetrics;
  readonly log: Logger;
  /** Of the bytes kept in memory; a parameter for tests. */
  readonly maxBytes?: number;
}

export class ProfileBlobs {
  readonly #options: ProfileBlobsOptions;
  readonly #bytes: LRUCache<string, Uint8Array>;
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
   * @returns undefined if the profile has changed since, or its evidence cannot be read
   * @throws GateFullError
   */
  async compiled({ image, compiled }: ProfileRecord): Promise<CompiledFacts | undefined> {
    if (compiled?.revision === compilerRevision) return compiled;
    return this.#gate.run(() => this.#compile(image));
  }

  /**
   * @param image whose profile has this digest, as far as the caller knows
   * @returns undefined if it is another by now
   * @throws GateFullError
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
    const started = performance.now();
    const evidence = await readable(stored.evidence);
    if (evidence === undefined) {
      metrics.onCompiled('failed');
      log.error({ image: imageText(image) }, 'evidence cannot be read: the profile is not compiled for agents');
      return undefined;
    }
    await setImmediate();
    // Read after the evidence: what is marked in between gives the profile another version, and nothing is kept.
    const known = knownByEvidence(withoutQuarantined(evidence, await store.quarantined(image)));
    await setImmediate();
    const bytes = compileKnown(known, { secret: this.#options.secret });
    const facts = factsOf(bytes);
    if (!(await store.keepCompiled(image, stored.profile.version, facts))) return undefined;
    this.#bytes.set(facts.digest, bytes);
    metrics.onCompiled('compiled', (performance.now() - started) / 1_000);
    metrics.kept(this.#bytes.size, this.#bytes.calculatedSize);
    return facts;
  }
}

async function readable(bytes: Uint8Array): Promise<Evidence | undefined> {
  try {
    return (await unpackEvidence(bytes)).evidence;
  } catch (error) {
    if (error instanceof EvidenceFormatError) return undefined;
    throw error;
  }
}

function factsOf(bytes: Uint8Array): CompiledFacts {
  const decoded = decodeCompiled(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return {
    revision: compilerRevision,
    digest: compiledDigest(bytes),
    bytes: bytes.length,
    fingerprints: decoded.fingerprints.size,
    omitted: decoded.content.omitted,
  };
}
