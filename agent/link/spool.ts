/**
 * Snapshots on their way to the operator, one file each, in a directory that outlives the agent. Within a byte budget: if
 * the operator stays away for long, the oldest are given up, and counted.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Counters } from '../counters.ts';
import { unfinished, writeDurably } from './durable-file.ts';

/** 5 slots of 30 min give at most 10 MiB an hour; usual snapshots of 20 KiB fill this in two weeks. */
export const spoolBytes = 64 * 1024 * 1024;

export interface SpoolOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly counters: Counters;
}

/** `<from, 15 digits>-<container ID>.zst`: sorts by age, and the same container and period has the same name. */
const name = /^\d{15}-[0-9a-f]{64}\.zst$/;

export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #counters: Counters;
  /** Sizes by file name, oldest first. */
  readonly #files = new Map<string, number>();
  #bytes = 0;

  /** @throws Error if the directory cannot be made or read. */
  constructor({ directory, maxBytes, counters }: SpoolOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#counters = counters;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(directory).sort()) {
      if (file.startsWith(unfinished)) rmSync(join(directory, file));
      else if (name.test(file)) this.#add(file, statSync(join(directory, file)).size);
    }
    this.#evict();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Names of all files, oldest first. */
  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  has(container: string, from: number): boolean {
    return this.#files.has(fileName(container, from));
  }

  /** Durable when it returns. @throws Error if the disk takes no more. */
  put(container: string, from: number, bytes: Uint8Array): void {
    const file = fileName(container, from);
    writeDurably(join(this.#directory, file), bytes);
    this.#forget(file);
    this.#add(file, bytes.length);
    this.#evict();
  }

  /** Undefined if it is gone: evicted meanwhile, or removed by somebody else. */
  read(file: string): Buffer | undefined {
    if (!this.#files.has(file)) return undefined;
    try {
      return readFileSync(join(this.#directory, file));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      this.#forget(file);
      this.#counters.add('spool_vanished_total');
      return undefined;
    }
  }

  remove(file: string): void {
    rmSync(join(this.#directory, file), { force: true });
    this.#forget(file);
  }

  #add(file: string, size: number): void {
    this.#files.set(file, size);
    this.#bytes += size;
  }

  #forget(file: string): void {
    this.#bytes -= this.#files.get(file) ?? 0;
    this.#files.delete(file);
  }

  /** What was written last stays, even if it alone is too large. */
  #evict(): void {
    for (const file of this.names.slice(0, -1)) {
      if (this.#bytes <= this.#maxBytes) return;
      this.remove(file);
      this.#counters.add('spool_evictions_total');
    }
  }
}

function fileName(container: string, from: number): string {
  return `${String(from).padStart(15, '0')}-${container}.zst`;
}
