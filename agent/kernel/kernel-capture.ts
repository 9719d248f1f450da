/** The running capture: empties the ring, counts. */
import type { Capture, CaptureCounters } from './capture.ts';
import type { CgroupTable } from './cgroup-table.ts';
import { createBootClock } from './clock.ts';
import { decodeRecord } from './decode/decode-record.ts';
import { recordMemory } from './decode/record-view.ts';
import { layouts } from './record-layout.ts';
import { createReaderWait } from './reader-wait.ts';
import type { MappedRing } from './ring.ts';
import type { RuleInterest } from './rule-interest.ts';

export interface CaptureParts {
  readonly variant: string;
  readonly refusals: Capture['refusals'];
  readonly ring: MappedRing;
  readonly ringFd: number;
  readonly table: CgroupTable;
  readonly seesCapabilities: boolean;
  readonly interest: RuleInterest;
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
  const { ring, ringFd, table, readerWaiting } = parts;
  const readerWait = createReaderWait({ ringFd, readerWaiting, pending: () => ring.pending });
  const memory = recordMemory(ring.data);
  const clock = createBootClock();
  let decodeErrors = 0;
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
    await readerWait.wait(timeoutMs);
  };

  const readCounters = (): CaptureCounters => {
    const { members } = layouts.counters;
    const count = (member: keyof typeof members): number => Number(parts.counters.getBigUint64(members[member], true));
    const { approved, unchecked } = parts.interest.totals();
    return {
      emitted: count('emitted'),
      ringDrops: count('ring_drops'),
      recursionMisses: parts.recursionMisses(),
      mapFull: count('map_full'),
      truncated: count('truncated'),
      decodeErrors,
      userFaults: count('user_faults'),
      rulesPassed: approved.passed,
      rulesLimited: approved.limited,
      uncheckedPassed: unchecked.passed,
      uncheckedLimited: unchecked.limited,
    };
  };

  const close = (): void => {
    if (final) return;
    final = readCounters();
    readerWait.close();
    parts.close();
  };

  const openTable = (): CgroupTable => {
    ensureOpen();
    return table;
  };

  const openInterest = (): RuleInterest => {
    ensureOpen();
    return parts.interest;
  };

  return {
    variant: parts.variant,
    refusals: parts.refusals,
    drain,
    wait,
    watchChildren: (id, levels = 1) => openTable().watchChildren(id, levels),
    unwatchChildren: (id) => openTable().unwatchChildren(id),
    observe: (id, runtimeMounts = 0) => openTable().observe(id, runtimeMounts),
    include: (id, nested) => openTable().include(id, nested),
    ignore: (id) => openTable().ignore(id),
    newEpoch: (id) => openTable().newEpoch(id),
    approve: (approvers) => openInterest().approve(approvers),
    approverCounts: () => openInterest().counts(),
    uncheckedCounts: () => openInterest().uncheckedCounts(),
    seesCapabilities: parts.seesCapabilities,
    usesOf: (id) => openTable().usesOf(id),
    forgetUses: (id) => openTable().forgetUses(id),
    lossesOf: (id) => openTable().lossesOf(id),
    blindSpotsOf: (id) => openTable().blindSpotsOf(id),
    counters: () => final ?? readCounters(),
    close,
  };
}
