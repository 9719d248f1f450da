/**
 * Which cgroups are observed, in the maps that the kernel programs read (agent/bpf/maps.h has their meaning). The kernel
 * changes them too, when cgroups come and go, so nothing is remembered on this side: the maps are the truth.
 */
import type { BlindSpot } from '../../core/activity/snapshot.ts';
import { capabilityNames } from './capability-names.ts';
import type { CgroupLosses, CgroupUses } from './capture.ts';
import { mapDelete, mapLookup, mapUpdate, queuePop, u32, u64 } from './bpf/commands.ts';
import { kernelBuffer, SystemCallError } from './bpf/libc.ts';
import { BlindSpotBit, layouts } from './record-layout.ts';
import { syscallName } from './syscall-names.ts';

const state = layouts.cgroup_state;
const entry = layouts.cgroup_entry;
const set = layouts.syscall_set;

/** Slots of the map `cgroup_states`; the first one stands for "none". */
export const SLOTS = 4096;
export const SYSCALL_SETS_SIZE = SLOTS * layouts.syscall_set.size;
export const STATES_SIZE = SLOTS * state.size;

export interface CgroupTableMaps {
  readonly cgroups: number;
  readonly freeSlots: number;
  readonly watched: number;
  /** The mapped states. */
  readonly states: ArrayBuffer;
  /** The mapped sets of system calls. */
  readonly syscallSets: ArrayBuffer;
  /** One word, which the kernel side changes too. */
  readonly slotsTaken: Int32Array;
  /** Makes all CPUs forget their last answer. */
  invalidate(): void;
}

export interface CgroupTable {
  /** @throws Error if all slots are taken. */
  observe(id: bigint, runtimeMounts: number): void;
  include(id: bigint, nested: readonly bigint[]): number;
  ignore(id: bigint): void;
  watchChildren(id: bigint, levels: number): void;
  unwatchChildren(id: bigint): void;
  newEpoch(id: bigint): void;
  lossesOf(id: bigint): CgroupLosses;
  blindSpotsOf(id: bigint): BlindSpot[];
  usesOf(id: bigint): CgroupUses;
  forgetUses(id: bigint): void;
}

/** Puts all slots into the queue of free ones. */
function fillFreeSlots(map: number): void {
  for (let slot = 1; slot < SLOTS; slot++) mapUpdate(map, undefined, u32(slot));
}

const E2BIG = 7;

/** False if the map is full. */
function fits(update: () => void): boolean {
  try {
    update();
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === E2BIG) return false;
    throw error;
  }
}

export function createCgroupTable(maps: CgroupTableMaps): CgroupTable {
  const view = new DataView(maps.states);
  const ids = new BigUint64Array(maps.states);
  const words = new Int32Array(maps.states);
  const sets = new Uint8Array(maps.syscallSets);
  fillFreeSlots(maps.freeSlots);

  const at = (slot: number, member: keyof typeof state.members): number => slot * state.size + state.members[member];
  /** Slot that has, or had last, this owner; 0 if none. */
  const slotOf = (id: bigint): number => {
    for (let slot = 1; slot < SLOTS; slot++) if (ids[(slot * state.size) / 8] === id) return slot;
    return 0;
  };
  const bump = (slot: number, member: 'epoch' | 'sequence' | 'nested'): void => {
    Atomics.add(words, at(slot, member) / 4, 1);
  };
  /** The slot that the kernel would find. */
  const liveSlot = (id: bigint): number => {
    const value = mapLookup(maps.cgroups, u64(id), entry.size);
    if (!value) return 0;
    const slot = value.readUInt32LE(entry.members.slot);
    const current = view.getUint32(at(slot, 'sequence'), true);
    return current === value.readUInt32LE(entry.members.sequence) ? slot : 0;
  };
  const owns = (id: bigint, slot: number): boolean => slot > 0 && view.getBigUint64(at(slot, 'id'), true) === id;

  const setOf = (slot: number): Uint8Array => sets.subarray(slot * set.size, (slot + 1) * set.size);
  const clearUses = (slot: number): void => {
    setOf(slot).fill(0);
    view.setBigUint64(at(slot, 'capabilities'), 0n, true);
  };

  const initialise = (slot: number, id: bigint, runtimeMounts: number): Buffer => {
    const earlier = slotOf(id);
    if (earlier) view.setBigUint64(at(earlier, 'id'), 0n, true);
    view.setBigUint64(at(slot, 'id'), id, true);
    view.setUint32(at(slot, 'slot'), slot, true);
    view.setUint32(at(slot, 'nested'), 0, true);
    for (const counter of ['ring_drops', 'map_full', 'truncated'] as const) {
      view.setBigUint64(at(slot, counter), 0n, true);
    }
    view.setUint32(at(slot, 'blind_spots'), 0, true);
    view.setUint32(at(slot, 'maker_mounts'), runtimeMounts, true);
    // Its own programs are in it already: who comes now does so from outside.
    view.setUint32(at(slot, 'entered'), 1, true);
    clearUses(slot);
    bump(slot, 'epoch');
    const value = kernelBuffer(entry.size);
    value.writeUInt32LE(slot, entry.members.slot);
    value.writeUInt32LE(view.getUint32(at(slot, 'sequence'), true), entry.members.sequence);
    return value;
  };

  /** Cgroups that share the slot lose it too. */
  const returnSlot = (slot: number): void => {
    bump(slot, 'sequence');
    mapUpdate(maps.freeSlots, undefined, u32(slot));
    Atomics.sub(maps.slotsTaken, 0, 1);
  };

  const observe = (id: bigint, runtimeMounts: number): void => {
    // Marked by the kernel at its creation, or observed before.
    const present = liveSlot(id);
    if (owns(id, present)) return;
    const slot = queuePop(maps.freeSlots, 4)?.readUInt32LE(0);
    if (slot === undefined) throw new Error(`cannot observe cgroup ${id}: all ${SLOTS - 1} slots are taken`);
    Atomics.add(maps.slotsTaken, 0, 1);
    try {
      // An entry that is there already says that it is nested in an observed cgroup: from now on it counts for itself.
      mapUpdate(maps.cgroups, u64(id), initialise(slot, id, runtimeMounts));
    } catch (error) {
      returnSlot(slot);
      throw error;
    }
    maps.invalidate();
  };

  const include = (id: bigint, nested: readonly bigint[]): number => {
    const slot = liveSlot(id);
    const value = slot > 0 ? mapLookup(maps.cgroups, u64(id), entry.size) : undefined;
    if (!value) return nested.length;
    const refused = nested.filter((child) => {
      // Made just now, and counted by the kernel.
      if (liveSlot(child) === slot) return false;
      if (!fits(() => mapUpdate(maps.cgroups, u64(child), value))) return true;
      bump(slot, 'nested');
      return false;
    });
    maps.invalidate();
    return refused.length;
  };

  const ignore = (id: bigint): void => {
    const slot = liveSlot(id);
    // The kernel may be removing the same cgroup: whoever deletes the entry returns the slot.
    if (!mapDelete(maps.cgroups, u64(id))) return;
    if (owns(id, slot)) returnSlot(slot);
    maps.invalidate();
  };

  const lossesOf = (id: bigint): CgroupLosses => {
    const slot = slotOf(id);
    const count = (member: 'ring_drops' | 'map_full' | 'truncated'): number =>
      slot ? Number(view.getBigUint64(at(slot, member), true)) : 0;
    return { ringDrops: count('ring_drops'), mapFull: count('map_full'), truncated: count('truncated') };
  };

  const blindSpotsOf = (id: bigint): BlindSpot[] => {
    const slot = slotOf(id);
    const bits = slot ? view.getUint32(at(slot, 'blind_spots'), true) : 0;
    return [
      ...(bits & BlindSpotBit.ioUring ? (['io_uring'] as const) : []),
      ...(bits & BlindSpotBit.compat ? (['compat-syscalls'] as const) : []),
      ...(bits & BlindSpotBit.leftCgroup ? (['left-cgroup'] as const) : []),
    ];
  };

  /** Read where the kernel writes: what is used meanwhile is in this answer or in the next. */
  const usesOf = (id: bigint): CgroupUses => {
    const slot = slotOf(id);
    if (!slot) return { syscalls: [], capabilities: [] };
    const syscalls = [...setOf(slot)].flatMap((made, number) => (made ? (syscallName(number) ?? []) : []));
    return {
      syscalls: syscalls.sort(),
      capabilities: capabilityNames(view.getBigUint64(at(slot, 'capabilities'), true)),
    };
  };

  return {
    usesOf,
    forgetUses: (id) => {
      const slot = slotOf(id);
      if (slot) clearUses(slot);
    },
    observe,
    include,
    ignore,
    lossesOf,
    blindSpotsOf,
    watchChildren: (id, levels) => mapUpdate(maps.watched, u64(id), u32(levels)),
    unwatchChildren: (id) => void mapDelete(maps.watched, u64(id)),
    newEpoch: (id) => {
      const slot = slotOf(id);
      if (slot) bump(slot, 'epoch');
    },
  };
}
