/** What touches the kernel itself: its programs and modules, its settings, its rarer interfaces. */
import type { CallBase, FileFacts, FilePath } from './event.ts';

export interface SpliceEvent extends CallBase {
  readonly type: 'splice';
  /** What is read from; absent if the descriptor was none. */
  readonly file?: FilePath & FileFacts;
  /** `PIPE_BUF_FLAG_…` of the buffer that was filled last in the pipe written to; absent if it was no pipe. */
  readonly pipeExitFlag?: number;
}

export interface BpfEvent extends CallBase {
  readonly type: 'bpf';
  readonly cmd: number;
  readonly map?: { readonly type: number; readonly name: string };
  readonly prog?: {
    readonly type: number;
    readonly attachType: number;
    readonly name: string;
    /** Hexadecimal; of a program that was not loaded all 0. */
    readonly tag: string;
  };
}

export interface PerfEventOpenEvent extends CallBase {
  readonly type: 'perf_event_open';
  /** `PERF_TYPE_…` */
  readonly eventType: number;
  readonly config: bigint;
  /** As the caller wrote it: 0 is itself, -1 everybody. */
  readonly pid: number;
  readonly cpu: number;
}

export interface LoadModuleEvent extends CallBase {
  readonly type: 'load_module';
  /** Absent if it came from memory, or if the descriptor was none. */
  readonly file?: FilePath & FileFacts;
  readonly loadedFromMemory: boolean;
  readonly args: string;
  readonly argsTruncated: boolean;
}

export interface UnloadModuleEvent extends CallBase {
  readonly type: 'unload_module';
  readonly name: string;
  readonly flags: number;
}

/** A write to a file of a cgroup, such as `cgroup.procs` or `release_agent`. */
export interface CgroupWriteEvent extends CallBase {
  readonly type: 'cgroup_write';
  readonly file: FilePath & FileFacts;
  readonly value: string;
  readonly valueTruncated: boolean;
  /** The process that is moved, in numbers of the caller's pid namespace; 0 is itself. Absent if the file moves none. */
  readonly pid?: number;
}

/** A write below /proc/sys. */
export interface SysctlEvent extends CallBase {
  readonly type: 'sysctl';
  readonly action: 'write';
  /** `kernel/core_pattern` */
  readonly name: string;
  readonly value: string;
  readonly valueTruncated: boolean;
}

/** A call that has no event of its own, such as `io_uring_setup`, `kexec_load` or `keyctl`. */
export interface SystemCallEvent extends CallBase {
  readonly type: 'syscall';
  readonly arguments: readonly bigint[];
}

/** A call by the table of 32-bit programs (`int 0x80`) from a 64-bit program. */
export interface CompatCallEvent extends CallBase {
  readonly type: 'compat_call';
  /** In that table. */
  readonly number: number;
  readonly arguments: readonly bigint[];
}

export type SystemEvent =
  | SpliceEvent
  | BpfEvent
  | PerfEventOpenEvent
  | LoadModuleEvent
  | UnloadModuleEvent
  | CgroupWriteEvent
  | SysctlEvent
  | SystemCallEvent
  | CompatCallEvent;
