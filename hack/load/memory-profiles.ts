/** The compiled profiles of an agent that need not survive. Of their bytes only the number stays, once they were verified. */
import { decodeCompiled } from '../../core/match/compiled-format.ts';
import { profileLimits } from '../../core/wire/agent.ts';
import { profileProblem } from '../../agent/link/profile-files.ts';

interface Held {
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export class MemoryProfiles {
  readonly #held = new Map<string, Held>();

  get bytes(): number {
    return [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Digests, sorted. */
  get held(): readonly string[] {
    return [...this.#held.keys()].toSorted();
  }

  has(digest: string): boolean {
    return this.#held.has(digest);
  }

  /** @returns since when, in milliseconds since the epoch; undefined if it is not held */
  since(digest: string): number | undefined {
    return this.#held.get(digest)?.at;
  }

  /** @returns why it is not held, if it is not */
  put(digest: string, bytes: Uint8Array): ReturnType<typeof profileProblem> {
    const problem = profileProblem(digest, bytes, { read: decodeCompiled, room: profileLimits.bytes - this.bytes });
    if (problem === undefined) this.#held.set(digest, { bytes: bytes.length, at: Date.now() });
    return problem;
  }

  /** Lets go of all others. */
  keep(digests: ReadonlySet<string>): void {
    for (const digest of this.#held.keys()) if (!digests.has(digest)) this.#held.delete(digest);
  }
}
