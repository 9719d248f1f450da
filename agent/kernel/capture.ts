/**
 * The kernel side as the rest of the agent sees it. One implementation loads the light-skeleton blobs; tests of everything
 * above it replay recorded events through the same interface.
 */
import type { BlindSpot } from '../../core/activity/snapshot.ts';
import type { KernelEvent } from '../../core/event/event.ts';
import type { Approver } from './approvers.ts';
import type { ApproverCounts } from './rule-interest.ts';

/** Counters since the capture began; all monotone. */
export interface CaptureCounters {
  readonly emitted: number;
  readonly ringDrops: number;
  readonly recursionMisses: number;
  readonly mapFull: number;
  readonly truncated: number;
  readonly decodeErrors: number;
  /** User memory that could not be read when the program ran. */
  readonly userFaults: number;
  /** Events that approvers let through, and those beyond a limit; one that several asked for counts for each. */
  readonly rulesPassed: number;
  readonly rulesLimited: number;
  /** The same of events of which no condition could be asked. */
  readonly uncheckedPassed: number;
  readonly uncheckedLimited: number;
}

/** Losses that the kernel side could attribute to one cgroup. */
export type CgroupLosses = Pick<CaptureCounters, 'ringDrops' | 'mapFull' | 'truncated'>;

/** What the programs of a cgroup used since it is observed, or since it was last forgotten. Sorted names. */
export interface CgroupUses {
  /** `openat`, … Calls that never return are not among them: exit, exit_group, rt_sigreturn. */
  readonly syscalls: readonly string[];
  /** `CAP_CHOWN`, …, those that were asked for and granted. Empty where {@link Capture.seesCapabilities} is false. */
  readonly capabilities: readonly string[];
}

export interface Capture {
  /** The kernel has the tracepoint capability/cap_capable. */
  readonly seesCapabilities: boolean;
  /** Blob that the kernel took. */
  readonly variant: string;
  /** Blobs that it refused before, and why. */
  readonly refusals: readonly { readonly variant: string; readonly reason: string }[];
  /** Events since the last call, in kernel order, at most `limit` (a full ring is emptied over several calls). */
  drain(sink: (event: KernelEvent) => void, limit?: number): number;
  /** Resolves when there is something to drain, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
  /**
   * New cgroups below this one are observed from their creation on, in the kernel, each for itself, down to `levels`
   * (default 1: its direct children). Those further down are nested in them.
   */
  watchChildren(cgroupId: bigint, levels?: number): void;
  unwatchChildren(cgroupId: bigint): void;
  /**
   * Events of this cgroup are emitted from now on, and of those made below it later, under its own id (unless they are
   * observed for themselves).
   * @param runtimeMounts inode of the mount namespace in which the container runtime works: what it does in this cgroup before
   * it has left those mounts is none of the container's doing. Where the kernel saw the cgroup being made it knows already.
   */
  observe(cgroupId: bigint, runtimeMounts?: number): void;
  /**
   * Cgroups below an observed one that were made before it was observed count for it too.
   * Returns how many found no room.
   */
  include(cgroupId: bigint, nested: readonly bigint[]): number;
  /** No more events of this cgroup; its slot in the kernel's maps is free again. */
  ignore(cgroupId: bigint): void;
  /** Learning forgets what it has seen of this cgroup: everything is reported once more (a new period began). */
  newEpoch(cgroupId: bigint): void;
  /**
   * What the rules want to see, from every process of the node; nothing at first. Replaces what was wanted before without a
   * gap. Events name the approver that they passed by its place in the list, from 1 on.
   * @throws Error if there are too many of them, or one can match nothing.
   */
  approve(approvers: readonly Approver[]): void;
  /** Of each approver, in their order, since they were given. */
  approverCounts(): ApproverCounts[];
  /**
   * Of what no condition could be asked of, such as a refused open where approvers by prefix hold; events name it as
   * approver 0. Since the approvers were given.
   */
  uncheckedCounts(): ApproverCounts;
  lossesOf(cgroupId: bigint): CgroupLosses;
  /** Ways past the programs that tasks of this cgroup have gone since it is observed. */
  blindSpotsOf(cgroupId: bigint): BlindSpot[];
  usesOf(cgroupId: bigint): CgroupUses;
  /** A new period began. */
  forgetUses(cgroupId: bigint): void;
  counters(): CaptureCounters;
  close(): void;
}
