/**
 * Reader of a BPF ring buffer. The kernel maps the data twice in a row, so that a record which wraps around is contiguous.
 *
 *   consumer page (read-write)   position up to which we have read
 *   producer page (read-only)    position up to which the kernel has written
 *   data, data again             records: u32 length with two flag bits, u32 for the kernel, then the record
 */
import { mapShared } from './bpf/libc.ts';
import type { Mapping } from './bpf/libc.ts';

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const RECORD_HEADER = 8;

/** Positions and data, wherever they come from. */
export interface RingMemory {
  /** One 64-bit position each. */
  readonly consumer: BigInt64Array;
  readonly producer: BigInt64Array;
  /** Holds the data twice, beginning at `dataOffset`. */
  readonly data: ArrayBuffer;
  readonly dataOffset: number;
  /** Bytes of the data, a power of two. */
  readonly size: number;
}

export interface Ring {
  /** The kernel has written what was not read yet. */
  readonly pending: boolean;
  /**
   * Gives each finished record to `onRecord` (offset and length in the memory's `data`; valid during the call), at most
   * `limit`. The space of a record is free again before the next is read. Returns how many.
   */
  read(onRecord: (offset: number, length: number) => void, limit: number): number;
}

export function createRing(memory: RingMemory): Ring {
  const { consumer, producer, dataOffset, size } = memory;
  const words = new Int32Array(memory.data);
  let position = Number(Atomics.load(consumer, 0));

  const read: Ring['read'] = (onRecord, limit) => {
    let count = 0;
    while (count < limit && position < Number(Atomics.load(producer, 0))) {
      const offset = dataOffset + (position & (size - 1));
      // Atomic, because the kernel clears BUSY when the record is complete.
      const word = Atomics.load(words, offset >> 2) >>> 0;
      if (word & BUSY) break;
      const length = word & LENGTH_MASK;
      try {
        if (!(word & DISCARDED)) {
          count++;
          onRecord(offset + RECORD_HEADER, length);
        }
      } finally {
        // Records begin at multiples of eight.
        position += (RECORD_HEADER + length + 7) & ~7;
        Atomics.store(consumer, 0, BigInt(position));
      }
    }
    return count;
  };
  return {
    read,
    get pending() {
      return position < Number(Atomics.load(producer, 0));
    },
  };
}

export interface MappedRing extends Ring {
  readonly data: ArrayBuffer;
  unmap(): void;
}

/** Maps the ring buffer map `fd` of `size` bytes. */
export function mapRing(fd: number, size: number, pageSize: number): MappedRing {
  const consumerPage: Mapping = mapShared(fd, pageSize, 0, true);
  const rest: Mapping = mapShared(fd, pageSize + 2 * size, pageSize, false);
  const ring = createRing({
    consumer: new BigInt64Array(consumerPage.buffer, 0, 1),
    producer: new BigInt64Array(rest.buffer, 0, 1),
    data: rest.buffer,
    dataOffset: pageSize,
    size,
  });
  return {
    read: (onRecord, limit) => ring.read(onRecord, limit),
    get pending() {
      return ring.pending;
    },
    data: rest.buffer,
    unmap: () => {
      consumerPage.unmap();
      rest.unmap();
    },
  };
}
