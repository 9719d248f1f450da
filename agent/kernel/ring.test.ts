import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRing } from './ring.ts';
import type { RingMemory } from './ring.ts';

const SIZE = 256;
const OFFSET = 64;

/** The kernel's side of a ring: both copies of the data are kept equal. */
class Writer implements RingMemory {
  readonly consumer: BigInt64Array;
  readonly producer = new BigInt64Array(1);
  readonly data = new ArrayBuffer(OFFSET + 2 * SIZE);
  readonly dataOffset = OFFSET;
  readonly size = SIZE;
  readonly #bytes = new Uint8Array(this.data);

  constructor(start = 0n) {
    this.consumer = new BigInt64Array([start]);
    this.producer[0] = start;
  }

  get #position(): number {
    return Number(this.producer[0] ?? 0n);
  }

  #byte(position: number, value: number): void {
    const at = OFFSET + (position % SIZE);
    this.#bytes[at] = value;
    this.#bytes[at + SIZE] = value;
  }

  #word(position: number, value: number): void {
    for (let index = 0; index < 4; index++) this.#byte(position + index, (value >>> (8 * index)) & 0xff);
  }

  /** False if there is no room, as for the kernel. */
  write(record: readonly number[], flags = 0): boolean {
    const total = (record.length + 15) & ~7;
    if (this.#position + total - Number(this.consumer[0]) > SIZE) return false;
    this.#word(this.#position, (record.length | flags) >>> 0);
    record.forEach((value, index) => this.#byte(this.#position + 8 + index, value));
    this.producer[0] = BigInt(this.#position + total);
    return true;
  }

  finish(position: number, length: number): void {
    this.#word(position, length);
  }
}

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

function readAll(writer: Writer, ring = createRing(writer), limit = 1000): number[][] {
  const records: number[][] = [];
  ring.read((offset, length) => records.push([...new Uint8Array(writer.data, offset, length)]), limit);
  return records;
}

const record = fc.array(fc.nat(255), { maxLength: 40 });

describe('ring', () => {
  test('gives every record once and in order, across the wrap, at any position', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(record, { maxLength: 6 }), { maxLength: 20 }),
        fc.bigInt(0n, 1n << 40n),
        (batches, start) => {
          const writer = new Writer(start & ~7n);
          const ring = createRing(writer);
          for (const batch of batches) {
            const written = batch.filter((each) => writer.write(each));
            expect(readAll(writer, ring)).toEqual(written);
          }
        },
      ),
    );
  });

  test('stops at a record that is still being written, and goes on when it is finished', () => {
    const writer = new Writer();
    const ring = createRing(writer);
    writer.write([1]);
    writer.write([2, 2], BUSY);
    writer.write([3]);
    expect(readAll(writer, ring)).toEqual([[1]]);
    writer.finish(16, 2);
    expect(readAll(writer, ring)).toEqual([[2, 2], [3]]);
  });

  test('skips a discarded record', () => {
    const writer = new Writer();
    writer.write([1], DISCARDED);
    writer.write([2]);
    expect(readAll(writer)).toEqual([[2]]);
  });

  test('stops at the limit and frees only what it has given', () => {
    const writer = new Writer();
    const ring = createRing(writer);
    for (const value of [1, 2, 3]) writer.write([value]);
    expect(readAll(writer, ring, 2)).toEqual([[1], [2]]);
    expect(writer.consumer[0]).toBe(32n);
    expect(readAll(writer, ring, 2)).toEqual([[3]]);
  });

  test('does not give a record again after its reader threw', () => {
    const writer = new Writer();
    const ring = createRing(writer);
    for (const value of [1, 2]) writer.write([value]);
    const refuse = (): never => {
      throw new Error('no');
    };
    expect(() => ring.read(refuse, 10)).toThrow('no');
    expect(readAll(writer, ring)).toEqual([[2]]);
  });
});
