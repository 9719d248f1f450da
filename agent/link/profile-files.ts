/**
 * Compiled profiles that the operator told this agent to hold, one file each, named by the SHA-256 of its content, in a directory
 * that outlives the agent. Only what has the digest of its name and can be read as a profile is held: bytes in memory are none.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compiledDigest, compiledLimits, decodeCompiled, readHeader } from '../../core/match/compiled-format.ts';
import type { ProfileFailure } from '../../core/wire/agent.ts';
import type { Log } from '../log.ts';
import { writeDurably } from './durable-file.ts';

export interface ProfileFilesOptions {
  readonly directory: string;
  /** Of all files together. */
  readonly maxBytes: number;
  readonly log: Log;
}

const prefix = 'sha256:';

export class ProfileFiles {
  readonly #directory: string;
  readonly #maxBytes: number;
  /** Sizes by digest. */
  readonly #held = new Map<string, number>();
  #bytes = 0;

  /**
   * Looks at every file, one after the other: 256 of usual size take 27 ms, 32 MiB of the largest 0.16 s. What is damaged goes.
   * @throws Error if the directory cannot be made or read
   */
  constructor({ directory, maxBytes, log }: ProfileFilesOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // One for all of them: a buffer for each would stay in memory until somebody needs it.
    const buffer = Buffer.allocUnsafe(compiledLimits.bytes + 1);
    for (const file of readdirSync(directory)) {
      const digest = `${prefix}${file}`;
      const { bytes, problem } = this.#look(digest, buffer);
      if (problem === undefined) this.#note(digest, bytes);
      else {
        log.warn({ file, problem }, 'a profile on disk cannot be used and is removed');
        rmSync(join(directory, file), { recursive: true });
      }
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Digests, sorted. */
  get held(): readonly string[] {
    return [...this.#held.keys()].toSorted();
  }

  has(digest: string): boolean {
    return this.#held.has(digest);
  }

  /**
   * Durable when it returns.
   * @returns why it is not held, if it is not
   * @throws Error if the disk takes no more
   */
  put(digest: string, bytes: Uint8Array): Exclude<ProfileFailure, 'unavailable' | 'disk'> | undefined {
    const problem = profileProblem(digest, bytes, { read: decodeCompiled, room: this.#maxBytes - this.#bytes });
    if (problem !== undefined) return problem;
    writeDurably(this.#path(digest), bytes);
    this.#note(digest, bytes.length);
    return undefined;
  }

  /** Lets go of all others. */
  keep(digests: ReadonlySet<string>): void {
    for (const [digest, bytes] of this.#held) {
      if (digests.has(digest)) continue;
      rmSync(this.#path(digest), { force: true });
      this.#held.delete(digest);
      this.#bytes -= bytes;
    }
  }

  /** What is on disk under a name, which may be anything. It was decoded before it was written, perhaps by another version. */
  #look(digest: string, buffer: Buffer): { readonly bytes: number; readonly problem: string | undefined } {
    try {
      const bytes = buffer.subarray(0, readInto(buffer, this.#path(digest)));
      const room = this.#maxBytes - this.#bytes;
      return { bytes: bytes.length, problem: profileProblem(digest, bytes, { read: readHeader, room }) };
    } catch (error) {
      return { bytes: 0, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #note(digest: string, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(digest) ?? 0);
    this.#held.set(digest, bytes);
  }

  #path(digest: string): string {
    return join(this.#directory, digest.slice(prefix.length));
  }
}

/**
 * @param room in bytes
 * @returns why these bytes cannot be held under this name, if they cannot
 */
export function profileProblem(
  digest: string,
  bytes: Uint8Array,
  { read, room }: { readonly read: (bytes: Uint8Array) => { readonly ok: boolean }; readonly room: number },
): 'digest' | 'format' | 'room' | undefined {
  if (bytes.length > compiledLimits.bytes) return 'format';
  if (compiledDigest(bytes) !== digest) return 'digest';
  if (!read(bytes).ok) return 'format';
  return bytes.length > room ? 'room' : undefined;
}

/** As much of a file as there is room for. @returns how many bytes that are */
function readInto(buffer: Buffer, path: string): number {
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, buffer);
  } finally {
    closeSync(fd);
  }
}
