/** Tells the kernel side what the loaded rules could match, without a moment in which neither the old nor the new holds. */
import { Approval, type Approver, APPROVERS_IN_SET, APPROVERS_OF_KEY, groupByKey } from './approvers.ts';
import { mapDelete, mapUpdate, waitForPrograms } from './bpf/commands.ts';
import { kernelBuffer } from './bpf/libc.ts';
import { layouts, RecordType } from './record-layout.ts';
import { kindBits, sourcesOf } from './record-sources.ts';

const approverLayout = layouts.approver;
const keyLayout = layouts.approver_key;

export const APPROVERS_SIZE = 2 * APPROVERS_IN_SET * approverLayout.size;

export interface RuleInterestMaps {
  /** `approver_lists`. */
  readonly lists: number;
  /** `approvers`, mapped. */
  readonly approvers: ArrayBuffer;
  /** The variables of agent/bpf/maps.h. */
  readonly types: Uint8Array;
  readonly kinds: BigUint64Array;
  readonly set: Uint32Array;
  /** `hash_seed`. */
  readonly seed: bigint;
}

/** Events that an approver has let through, and those beyond its limit. */
export interface ApproverCounts {
  readonly passed: number;
  readonly limited: number;
}

export interface RuleInterest {
  /** Replaces what was wanted before. @throws Error if there are too many, or one that is none. */
  approve(approvers: readonly Approver[]): void;
  /** Of each, in their order, since they were given. */
  counts(): ApproverCounts[];
  /** Of what no condition could be asked of, since then. */
  uncheckedCounts(): ApproverCounts;
  /** Of all approvers that there ever were together, and of what no condition could be asked of; monotone. */
  totals(): RuleTotals;
}

export interface RuleTotals {
  readonly approved: ApproverCounts;
  readonly unchecked: ApproverCounts;
}

type Condition = Pick<Approver, 'flags' | 'urgent' | 'limit'>;

/**
 * What no condition can be asked of passes at this rate for the whole node. Such a record takes a few hundred bytes, 9 KB at most
 * (a string of 1,024 bytes, two paths of 4,096): a burst is a quarter of the ring of 2 MiB as a rule, and a program that makes them
 * as long as can be fills it for the moment until the reader comes.
 */
const unchecked: Condition = { limit: { perSecond: 1_000, burst: 1_000 } };

const none: ApproverCounts = { passed: 0, limited: 0 };

function sum(all: readonly ApproverCounts[]): ApproverCounts {
  return all.reduce(
    (total, { passed, limited }) => ({ passed: total.passed + passed, limited: total.limited + limited }),
    none,
  );
}

function addTotals(...all: readonly RuleTotals[]): RuleTotals {
  return { approved: sum(all.map(({ approved }) => approved)), unchecked: sum(all.map(({ unchecked: each }) => each)) };
}

function listOf(numbers: readonly number[], first: number): Buffer {
  const list = kernelBuffer(2 * APPROVERS_OF_KEY);
  numbers.forEach((number, index) => list.writeUInt16LE(first + number, 2 * index));
  return list;
}

export function createRuleInterest(maps: RuleInterestMaps): RuleInterest {
  const { members, size } = approverLayout;
  const view = new DataView(maps.approvers);
  let held: { readonly keys: readonly Buffer[]; readonly count: number } = { keys: [], count: 0 };
  let set = 0;
  /** Of sets whose entries were given to others. */
  let former: RuleTotals = { approved: none, unchecked: none };
  /** Approvers of the set before: an event that was being judged during the change still counts there. */
  let heldBefore = 0;

  const firstOf = (which: number): number => (which % 2) * APPROVERS_IN_SET;

  const writeApprover = (index: number, { flags = 0, urgent = false, limit }: Condition): void => {
    const at = index * size;
    const interval = limit === undefined ? 0n : BigInt(Math.ceil(1e9 / limit.perSecond));
    view.setBigUint64(at + members.interval, interval, true);
    view.setBigUint64(at + members.tolerance, limit === undefined ? 0n : interval * BigInt(limit.burst - 1), true);
    for (const counter of ['due', 'passed', 'limited'] as const) view.setBigUint64(at + members[counter], 0n, true);
    view.setUint32(at + members.flags, flags, true);
    view.setUint32(at + members.urgent, urgent ? 1 : 0, true);
  };

  const keyBytes = (key: { record: keyof typeof RecordType; how: keyof typeof Approval; hash: bigint }): Buffer => {
    const bytes = kernelBuffer(keyLayout.size);
    bytes.writeBigUInt64LE(key.hash, keyLayout.members.hash);
    bytes.writeUInt32LE(set, keyLayout.members.set);
    bytes.writeUInt16LE(RecordType[key.record], keyLayout.members.type);
    bytes.writeUInt16LE(Approval[key.how], keyLayout.members.how);
    return bytes;
  };

  const approve: RuleInterest['approve'] = (approvers) => {
    const groups = groupByKey(approvers, maps.seed);
    const ways = new Uint8Array(maps.types.length);
    for (const { key } of groups)
      ways[RecordType[key.record]] = (ways[RecordType[key.record]] ?? 0) | Approval[key.how];
    const kinds = kindBits(sourcesOf(approvers.map(({ record }) => record)), maps.kinds.length);
    former = addTotals(former, totalsOf(set + 1, heldBefore));
    heldBefore = held.count;
    set += 1;
    writeApprover(firstOf(set), unchecked);
    approvers.forEach((approver, index) => writeApprover(firstOf(set) + index + 1, approver));
    const keys = groups.map(({ key, numbers }) => {
      const bytes = keyBytes(key);
      mapUpdate(maps.lists, bytes, listOf(numbers, firstOf(set)));
      return bytes;
    });
    // First what the old and the new want together, then the new set, then the new alone.
    ways.forEach((way, type) => Atomics.or(maps.types, type, way));
    kinds.forEach((word, index) => Atomics.or(maps.kinds, index, word));
    Atomics.store(maps.set, 0, set);
    ways.forEach((way, type) => Atomics.store(maps.types, type, way));
    kinds.forEach((word, index) => Atomics.store(maps.kinds, index, word));
    // A program that has read the number of the old set asks it yet, and the next call overwrites its entries.
    if (held.keys.length > 0) waitForPrograms();
    for (const key of held.keys) mapDelete(maps.lists, key);
    held = { keys, count: approvers.length };
  };

  const countsOf = (index: number): ApproverCounts => {
    const count = (member: 'passed' | 'limited'): number =>
      Number(view.getBigUint64(index * size + members[member], true));
    return { passed: count('passed'), limited: count('limited') };
  };

  const countsIn = (which: number, count: number): ApproverCounts[] =>
    Array.from({ length: count }, (_, index) => countsOf(firstOf(which) + index + 1));

  const totalsOf = (which: number, count: number): RuleTotals => ({
    approved: sum(countsIn(which, count)),
    unchecked: countsOf(firstOf(which)),
  });

  return {
    approve,
    counts: () => countsIn(set, held.count),
    uncheckedCounts: () => countsOf(firstOf(set)),
    totals: () => addTotals(former, totalsOf(set + 1, heldBefore), totalsOf(set, held.count)),
  };
}
