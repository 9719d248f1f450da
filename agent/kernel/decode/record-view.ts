/** Bounds-checked reading of one record. Whatever the bytes say, nothing beyond the record's end is read. */
import { escapeBytes } from '../../../core/event/escape.ts';

/** Memory that holds records, seen in the two ways that decoding needs. */
export interface RecordMemory {
  readonly bytes: Buffer;
  readonly data: DataView;
}

export function recordMemory(memory: ArrayBuffer): RecordMemory {
  return { bytes: Buffer.from(memory), data: new DataView(memory) };
}

/** One record: `start` and `end` are offsets in the memory. */
export interface RecordView extends RecordMemory {
  readonly start: number;
  readonly end: number;
}

/** As a number: exact up to 2^53, above it rounded, always to the same value for the same bits. */
export function readU64(data: DataView, at: number): number {
  return data.getUint32(at, true) + data.getUint32(at + 4, true) * 0x1_0000_0000;
}

const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x5c;

/** Text of the bytes from `start` to `end`. Nearly all are plain ASCII, for which Node has a fast way. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    if (!isPlain(bytes[at] ?? 0)) return escapeBytes(bytes.subarray(start, end));
  }
  return bytes.toString('latin1', start, end);
}

/** Where the string at `start` ends: at its NUL, or with the block. (`indexOf` would search the whole ring.) */
export function endOfString(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

/** The strings of a block in which each ends with NUL (the last may lack it). */
export function splitStrings(bytes: Buffer, start: number, end: number): string[] {
  const strings: string[] = [];
  for (let at = start; at < end;) {
    const stop = endOfString(bytes, at, end);
    strings.push(textOf(bytes, at, stop));
    at = stop + 1;
  }
  return strings;
}
