/** A stretch of time in which one container's events were followed into one tree, and what was lost meanwhile. */
import type { BlindSpot, Losses, Snapshot } from '../../core/activity/snapshot.ts';
import type { ActivityTree } from '../../core/activity/tree.ts';
import type { Capture, CgroupLosses } from '../kernel/capture.ts';

interface LossReading {
  readonly cgroup: CgroupLosses;
  /** These two are counted for the whole node: any container may be the one that misses something. */
  readonly recursionMisses: number;
  readonly decodeErrors: number;
}

export interface Watch {
  readonly tree: ActivityTree;
  /** Milliseconds since the epoch, whole. */
  readonly from: number;
  readonly before: LossReading;
  /** Processes and descriptors that a baseline left out, and cgroups within that could not be observed. */
  readonly omitted: number;
}

function read(capture: Capture, cgroupId: bigint): LossReading {
  const { recursionMisses, decodeErrors } = capture.counters();
  return { cgroup: capture.lossesOf(cgroupId), recursionMisses, decodeErrors };
}

export function beginWatch(capture: Capture, cgroupId: bigint, tree: ActivityTree, from: number, omitted = 0): Watch {
  return { tree, from: Math.round(from), before: read(capture, cgroupId), omitted };
}

/** Of a container as a whole, as its snapshot has them. */
export type Uses = Pick<Snapshot, 'syscalls' | 'capabilities'>;

/** For a snapshot; without capabilities where this kernel does not show them. */
export function usesOf(capture: Capture, cgroupId: bigint): Uses {
  const { syscalls, capabilities } = capture.usesOf(cgroupId);
  return { syscalls: [...syscalls], ...(capture.seesCapabilities && { capabilities: [...capabilities] }) };
}

/** From the birth of its cgroup on: what was lost before its first event was read is lost within this watch. */
export function watchFromBirth(capture: Capture, tree: ActivityTree, from: number): Watch {
  const { recursionMisses, decodeErrors } = capture.counters();
  const cgroup = { ringDrops: 0, mapFull: 0, truncated: 0 };
  return { tree, from: Math.round(from), before: { cgroup, recursionMisses, decodeErrors }, omitted: 0 };
}

/** How much of what happened within a watch is not in its tree. */
export interface Shortfall {
  readonly losses: Losses;
  readonly blindSpots: BlindSpot[];
}

export function shortfallOf(capture: Capture, cgroupId: bigint, watch: Watch): Shortfall {
  return { losses: lossesOf(capture, cgroupId, watch), blindSpots: capture.blindSpotsOf(cgroupId) };
}

/** What the kernel side lost since the watch began; the tree adds its own. */
function lossesOf(capture: Capture, cgroupId: bigint, { before, omitted }: Watch): Losses {
  const now = read(capture, cgroupId);
  return {
    ringDrops: now.cgroup.ringDrops - before.cgroup.ringDrops,
    mapFull: now.cgroup.mapFull - before.cgroup.mapFull,
    truncated: now.cgroup.truncated - before.cgroup.truncated,
    recursionMisses: now.recursionMisses - before.recursionMisses,
    decodeErrors: now.decodeErrors - before.decodeErrors,
    treeFull: omitted,
  };
}
