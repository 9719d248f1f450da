/**
 * How much memory reading a whole profile takes. The process has one limit, and the kernel ends it beyond: so nothing begins for
 * which there is no room, and what turns out to be larger ends with the heap of the thread.
 */
import type { Memory } from '../server/memory.ts';
import { ProfileTooLargeError, ReadingStoppedError } from '../server/ports.ts';

const mebibyte = 1024 * 1024;

/**
 * Of the thread, in MiB. What one namespace alone can teach, 16 MiB of JSON, is up to 180 MiB of objects while it is decoded.
 * Young ones without a limit are 100 MiB more, for half of the time.
 */
export const heapMiB = { old: 192, young: 48 } as const;

/**
 * The thread at rest has up to 24 MiB. From a profile to its compiled form up to 24 bytes are made for each of its JSON, most of
 * them garbage that is collected when the heap is full; beside the heap there are the JSON twice and its text once. Measured:
 * 94 MiB for 3 MiB of JSON (96 here), 257 for 16 MiB of the shortest rows (312), and at most 301 for 32 MiB (360).
 */
function neededBytes(jsonBytes: number): number {
  return 24 * mebibyte + Math.min(24 * jsonBytes, (heapMiB.old + heapMiB.young) * mebibyte + 3 * jsonBytes);
}

/** @throws ReadingStoppedError if evidence with so much JSON has no room now, ProfileTooLargeError if it never has */
export function requireRoom(jsonBytes: number, memory: Memory): void {
  const { limitBytes } = memory;
  const needed = neededBytes(jsonBytes);
  if (needed > limitBytes) throw new ProfileTooLargeError(tooLarge(needed, limitBytes));
  if (memory.usedBytes() + needed <= limitBytes) return;
  throw new ReadingStoppedError(
    `the operator has no ${inMebibytes(needed)} of memory to spare, which reading this profile may take; ask again later`,
  );
}

function tooLarge(needed: number, limit: number): string {
  return `reading this profile may take ${inMebibytes(needed)} of memory, and the operator has ${inMebibytes(limit)}: raise its limit`;
}

function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`;
}
