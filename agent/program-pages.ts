/**
 * Node is a program of 100 MB, of which starting touches 48 MB and the work afterwards a part of that: what was used once stays in
 * the process for as long as the kernel has memory to spare. So the pages of its code and constants are given back now and
 * then. Those that are wanted again come from the page cache, sixteen at a time, without a read unless the node is short of memory.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { dropPages } from './kernel/bpf/libc.ts';
import type { Log } from './log.ts';

/** The kernel programs are loaded and the first report is sent. */
const firstMs = 10_000;
/** Some 10 ms of work each time, faults included: a twentieth of what the agent may take at rest. */
const intervalMs = 60_000;

export interface PageRange {
  readonly start: bigint;
  readonly length: number;
}

/**
 * Mappings of `program` in /proc/PID/smaps that hold nothing but what the file holds: private, not writable, and without a
 * page of their own in memory or swap. Where the loader wrote addresses before it took the right to write (relocations), there
 * are such pages.
 */
export function untouchedMappings(smaps: string, program: string): PageRange[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((entry) => {
    const [head = '', ...rest] = entry.split('\n');
    const found = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ \d+ +(.*)$/.exec(head);
    if (found === null) return [];
    const [, start = '', end = '', path] = found;
    const own = ['Anonymous', 'Swap'].map((key) => rest.find((line) => line.startsWith(`${key}:`)));
    if (path !== program || !own.every((line) => line !== undefined && /^\w+: +0 kB$/.test(line))) return [];
    const from = BigInt(`0x${start}`);
    return [{ start: from, length: Number(BigInt(`0x${end}`) - from) }];
  });
}

/** @throws Error where /proc does not show our own mappings, or the kernel refuses. */
export function dropProgramPages(): void {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  const program = readlinkSync('/proc/self/exe', 'latin1');
  for (const { start, length } of untouchedMappings(smaps, program)) dropPages(start, length);
}

/** Does so from soon after the start on, until `signal` is aborted. Where it cannot be done, the agent only is larger. */
export function keepProgramPagesOut(log: Log, signal: AbortSignal): void {
  if (signal.aborted) return;
  const drop = (): void => {
    try {
      dropProgramPages();
      timer = setTimeout(drop, intervalMs);
    } catch (error) {
      log.warn({ err: error }, 'pages of the program that are not used stay in memory');
    }
  };
  let timer = setTimeout(drop, firstMs);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
