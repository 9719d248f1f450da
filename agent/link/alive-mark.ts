/**
 * Tells the next agent until when this one has watched: one small file, written over and over. It is not made durable: what
 * it says matters to an agent of the same boot alone, because no container outlives the node.
 */
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Counters } from '../counters.ts';
import type { Log } from '../log.ts';

/** 16 bytes six times a minute; after a crash the gap is told up to this much too long, never too short. */
const intervalMs = 10_000;
/** Milliseconds since the epoch in as many digits at all times: writing over them leaves no mixture. */
const digits = 15;

export interface AliveMarkOptions {
  readonly path: string;
  readonly log: Log;
  readonly counters: Counters;
}

export class AliveMark {
  readonly #options: AliveMarkOptions;
  readonly #last: number | undefined;
  #written = 0;

  constructor(options: AliveMarkOptions) {
    this.#options = options;
    this.#last = read(options);
  }

  /** Until when an earlier agent has watched, milliseconds since the epoch; undefined if there was none. */
  get last(): number | undefined {
    return this.#last;
  }

  /** Called at every turn of the observation. */
  beat(now: number): void {
    // A clock that was set back is no reason to fall silent.
    if (Math.abs(now - this.#written) >= intervalMs) this.set(now);
  }

  set(now: number): void {
    const { path, log, counters } = this.#options;
    this.#written = now;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Not truncated first: an agent that is killed in between leaves what was there.
      const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      try {
        writeSync(fd, `${String(now).padStart(digits, '0')}\n`, 0);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      counters.add('state_failures_total');
      log.error({ err: error, what: 'alive mark' }, 'state directory cannot be written');
    }
  }
}

function read({ path, log }: AliveMarkOptions): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').slice(0, digits + 1);
    if (!/^\d{15}\n$/.test(text)) throw new Error('it does not hold a time');
    return Number(text);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing) log.warn({ err: error, path }, 'how long this node was not watched is not known');
    return undefined;
  }
}
