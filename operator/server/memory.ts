/** How close the process is to the memory that it may have. Beyond its limit the kernel ends it, whatever it is doing. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Clock } from '../clock.ts';

/**
 * From here on memory is scarce. Of 512 MiB that is 435, and 77 are left for the one upload that goes on (80 MB at its very
 * largest, see snapshot-upload.ts), for what the kernel charges for sockets, and for garbage until it is collected.
 */
const scarceShare = 0.85;
/** Reading it takes some 50 us; a new upload takes longer to become large. */
const sampleMs = 250;

export interface Memory {
  readonly limitBytes: number;
  usedBytes(): number;
}

/** Pages of this process that the kernel cannot take back, of what its cgroup, or else the host, has. */
export function processMemory(): Memory {
  return {
    limitBytes: Math.min(process.constrainedMemory() || Infinity, totalmem()),
    usedBytes: () => {
      const anonymous = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      return anonymous === undefined ? process.memoryUsage.rss() : Number(anonymous) * 1_024;
    },
  };
}

export class MemoryWatch {
  readonly #memory: Memory;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #scarce = false;
  #sampledAt = -Infinity;

  constructor(memory: Memory, clock: Pick<Clock, 'monotonic'>) {
    this.#memory = memory;
    this.#clock = clock;
  }

  get isScarce(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#sampledAt >= sampleMs) {
      this.#sampledAt = now;
      this.#scarce = this.#memory.usedBytes() >= this.#memory.limitBytes * scarceShare;
    }
    return this.#scarce;
  }
}
