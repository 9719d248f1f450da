/**
 * The kernel side as the rest of the agent sees it. One implementation loads the light-skeleton blobs; tests of everything
 * above it replay recorded events through the same interface.
 */
import type { KernelEvent } from '../../core/event/event.ts';

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
}

/** Losses that the kernel side could attribute to one cgroup. */
export type CgroupLosses = Pick<CaptureCounters, 'ringDrops' | 'mapFull' | 'truncated'>;

export interface Capture {
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
   */
  observe(cgroupId: bigint): void;
  /** No more events of this cgroup; its slot in the kernel's maps is free again. */
  ignore(cgroupId: bigint): void;
  /** Learning forgets what it has seen of this cgroup: everything is reported once more (a new period began). */
  newEpoch(cgroupId: bigint): void;
  lossesOf(cgroupId: bigint): CgroupLosses;
  counters(): CaptureCounters;
  close(): void;
}
