/**
 * What a tree may hold: number of behaviours per kind (the snapshot's limits) and bytes of memory. Everything that is
 * stored is paid for here first; what is refused is counted and shows as `losses.treeFull`.
 */
import { snapshotLimits } from './snapshot.ts';

export type Stored = 'processes' | 'files' | 'dns' | 'network';

/**
 * Bytes per thing beside its strings: object header, boxed numbers and map slot as V8 lays them out without pointer
 * compression. Rounded figures from a measurement that a test repeats; the sum stays within a factor of 1.7 of the truth.
 */
export const cost = { process: 1_000, file: 190, dns: 410, network: 300, pid: 170 } as const;

/**
 * Files may take this share of the bytes. A program that touches thousands of them at its start (an initdb, a package
 * manager) must not leave the programs after it without a node: what they do could not be attributed any more.
 */
const fileShare = 3 / 4;

/** A refused behaviour is not remembered: if it comes again, it counts again. */
export class Account {
  readonly counts: Record<Stored, number> = { processes: 0, files: 0, dns: 0, network: 0 };
  #bytes = 0;
  #fileBytes = 0;
  #refused = 0;
  #truncated = 0;
  maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Behaviours that found no room, and events that could not be attributed. */
  get refused(): number {
    return this.#refused;
  }

  get truncated(): number {
    return this.#truncated;
  }

  /** False, and counted, if it does not fit. */
  take(kind: Stored, bytes: number): boolean {
    if (this.counts[kind] >= snapshotLimits[kind] || this.#bytes + bytes > this.maxBytes) return this.refuse();
    if (kind === 'files') {
      if (this.#fileBytes + bytes > this.maxBytes * fileShare) return this.refuse();
      this.#fileBytes += bytes;
    }
    this.counts[kind] += 1;
    this.#bytes += bytes;
    return true;
  }

  /** Room for something that is no behaviour, such as an entry of the process table. */
  takeBytes(bytes: number): boolean {
    if (this.#bytes + bytes > this.maxBytes) return this.refuse();
    this.#bytes += bytes;
    return true;
  }

  refuse(): false {
    this.#refused += 1;
    return false;
  }

  truncate(): void {
    this.#truncated += 1;
  }

  give(kind: Stored, bytes: number): void {
    this.counts[kind] -= 1;
    this.#bytes -= bytes;
    if (kind === 'files') this.#fileBytes -= bytes;
  }

  giveBytes(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** A new period counts its losses from zero. */
  forgetLosses(): void {
    this.#refused = 0;
    this.#truncated = 0;
  }
}
