/** The running capture: empties the ring, waits for more, counts. */
import { closeFd, epollOf, epollWaitAsync } from './bpf/libc.ts';
import type { Capture, CaptureCounters } from './capture.ts';
import type { CgroupTable } from './cgroup-table.ts';
import { createBootClock } from './clock.ts';
import { decodeRecord } from './decode/decode-record.ts';
import { recordMemory } from './decode/record-view.ts';
import { layouts } from './record-layout.ts';
import type { MappedRing } from './ring.ts';

export interface CaptureParts {
  readonly variant: string;
  readonly refusals: Capture['refusals'];
  readonly ring: MappedRing;
  readonly ringFd: number;
  readonly table: CgroupTable;
  /** The struct counters of the programs. */
  readonly counters: DataView;
  /** One word: 1 while nobody reads and the next important record has to wake us. */
  readonly readerWaiting: Int32Array;
  recursionMisses(): number;
  /** Detaches the programs and unmaps their memory. */
  close(): void;
}

/** Events of one `drain`; at two million records a second for the fullest ring, some milliseconds of the event loop. */
const DRAIN_LIMIT = 10_000;

export function createCapture(parts: CaptureParts): Capture {
  const { ring, table, readerWaiting } = parts;
  const epoll = epollOf(parts.ringFd);
  const memory = recordMemory(ring.data);
  const clock = createBootClock();
  let decodeErrors = 0;
  let waiting: Promise<void> | undefined;
  let final: CaptureCounters | undefined;

  const ensureOpen = (): void => {
    // Its memory is unmapped: going on would be a fault, not an exception.
    if (final) throw new Error('the capture is closed');
  };

  const drain: Capture['drain'] = (sink, limit = DRAIN_LIMIT) => {
    ensureOpen();
    clock.refresh();
    let events = 0;
    ring.read((offset, length) => {
      const event = decodeRecord(memory, offset, length, clock);
      if (event) {
        events++;
        sink(event);
      } else {
        decodeErrors++;
      }
    }, limit);
    return events;
  };

  const wait: Capture['wait'] = async (timeoutMs) => {
    ensureOpen();
    // Before the poll: a record that comes in between is seen by the poll itself.
    Atomics.store(readerWaiting, 0, 1);
    waiting ??= epollWaitAsync(epoll, timeoutMs);
    await waiting;
    waiting = undefined;
    if (!final) Atomics.store(readerWaiting, 0, 0);
  };

  const readCounters = (): CaptureCounters => {
    const { members } = layouts.counters;
    const count = (member: keyof typeof members): number => Number(parts.counters.getBigUint64(members[member], true));
    return {
      emitted: count('emitted'),
      ringDrops: count('ring_drops'),
      recursionMisses: parts.recursionMisses(),
      mapFull: count('map_full'),
      truncated: count('truncated'),
      decodeErrors,
      userFaults: count('user_faults'),
    };
  };

  const close = (): void => {
    if (final) return;
    final = readCounters();
    parts.close();
    // The thread in epoll_wait still uses the descriptor.
    void (waiting ?? Promise.resolve()).then(() => closeFd(epoll));
  };

  const openTable = (): CgroupTable => {
    ensureOpen();
    return table;
  };

  return {
    variant: parts.variant,
    refusals: parts.refusals,
    drain,
    wait,
    watchChildren: (id, levels = 1) => openTable().watchChildren(id, levels),
    unwatchChildren: (id) => openTable().unwatchChildren(id),
    observe: (id) => openTable().observe(id),
    ignore: (id) => openTable().ignore(id),
    newEpoch: (id) => openTable().newEpoch(id),
    lossesOf: (id) => openTable().lossesOf(id),
    counters: () => final ?? readCounters(),
    close,
  };
}
