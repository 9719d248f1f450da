/** Brings the compiled profiles that the desired state names onto this node, and lets go of those that it names no more. */
import { isDeepStrictEqual } from 'node:util';
import { compiledLimits } from '../../core/match/compiled-format.ts';
import { type ProfileFailure, profileLimits, type ReportedProfiles } from '../../core/wire/agent.ts';
import { type LinkParts, persevere, UnexpectedAnswer } from './link-parts.ts';
import type { OperatorConnection } from './operator-connection.ts';
import type { ProfileFiles } from './profile-files.ts';
import { Wakeup } from './wakeup.ts';

/** With all there is nothing to do until others are named. */
const idleMs = 60_000;
/**
 * At least so long between two, and up to twice that. Each is a handshake and 1.2 ms of work for the operator: a thousand nodes
 * that ask at once for all that they run take 0.4 of a core for as long as that takes.
 */
const defaultPaceMs = 2_000;

export interface ProfileFetcherParts extends LinkParts {
  readonly connection: Pick<OperatorConnection, 'open' | 'call' | 'read'>;
  readonly files: Pick<ProfileFiles, 'held' | 'has' | 'put' | 'keep'>;
  /** There is something new to report. */
  readonly changed: () => void;
  /** A parameter for tests. */
  readonly paceMs?: number;
}

export class ProfileFetcher {
  readonly #parts: ProfileFetcherParts;
  readonly #wakeup = new Wakeup();
  /** Undefined until the operator has spoken: what is on disk stays until then. */
  #named: ReadonlySet<string> | undefined;
  /** Of those that are named. */
  readonly #failed = new Map<string, ProfileFailure>();
  /** Goes round: one that cannot be had does not hold up the others. */
  #last = '';
  #reported = true;

  constructor(parts: ProfileFetcherParts) {
    this.#parts = parts;
  }

  /** @param digests of the desired state, sorted; most states differ from the one before in something else */
  name(digests: readonly string[]): void {
    if (this.#named !== undefined && isDeepStrictEqual([...this.#named], digests)) return;
    this.#named = new Set(digests);
    for (const [digest, failure] of this.#failed) {
      // With others gone there may be room. What cannot be read, never can.
      if (!this.#named.has(digest) || failure === 'room') this.#failed.delete(digest);
    }
    this.#reported = false;
    this.#wakeup.notify();
  }

  report(): ReportedProfiles {
    const failed = Array.from(this.#failed, ([digest, reason]) => ({ digest, reason }));
    return { held: this.#parts.files.held.slice(0, profileLimits.count), failed };
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, paceMs = defaultPaceMs } = this.#parts;
    const once = async (): Promise<number> => {
      const digest = this.#next();
      if (digest === undefined) {
        if (!this.#reported) this.#parts.changed();
        this.#reported = true;
        return idleMs;
      }
      await this.#fetch(digest, signal);
      return paceMs * (1 + random());
    };
    await persevere('profiles', this.#parts, once, { wakeup: this.#wakeup, signal });
  }

  /** One that is missing, and worth asking for; what is not named any more goes. @throws Error if the disk does not let go */
  #next(): string | undefined {
    const { files } = this.#parts;
    if (this.#named === undefined) return undefined;
    files.keep(this.#named);
    const isHopeless = (digest: string): boolean => ['format', 'room'].includes(this.#failed.get(digest) ?? '');
    const missing = [...this.#named].filter((digest) => !files.has(digest) && !isHopeless(digest)).toSorted();
    return missing.find((digest) => digest > this.#last) ?? missing[0];
  }

  /** @throws Error if it is worth another try later */
  async #fetch(digest: string, signal: AbortSignal): Promise<void> {
    this.#last = digest;
    let result: ProfileFailure | 'held' = 'unavailable';
    try {
      const bytes = await this.#ask(digest, signal);
      result = 'disk';
      result = this.#parts.files.put(digest, bytes) ?? 'held';
    } finally {
      if (!signal.aborted) this.#note(digest, result);
    }
    if (result === 'digest') throw new Error(`the operator gave other bytes than those of ${digest}`);
  }

  async #ask(digest: string, signal: AbortSignal): Promise<Uint8Array> {
    const path = `/agent/v1/profiles/${digest}`;
    const { connection } = this.#parts;
    const { bytes, ...answer } = await connection.read({ method: 'GET', path, signal }, compiledLimits.bytes);
    if (answer.status !== 200) throw new UnexpectedAnswer(path, { ...answer, text: bytes.toString() });
    return bytes;
  }

  #note(digest: string, result: ProfileFailure | 'held'): void {
    this.#parts.counters.add(`profiles_fetched_total{result="${result}"}`);
    if (result === 'held') this.#failed.delete(digest);
    else if (this.#named?.has(digest) === true) this.#failed.set(digest, result);
    if (result === 'format' || result === 'room') {
      this.#parts.log.warn({ digest, result }, 'a profile that the operator gave cannot be held');
    }
  }
}
