/**
 * Kernel events as the product sees them, decoded and free of kernel layouts. Field names follow the agent rule
 * language (`process.file.path`, `process.argv`, `open.file.path`, `connect.addr.ip`, `dns.question.name` …), so that
 * rules evaluate over the same objects that learning counts.
 */

import type { NamespaceEvent } from './namespace-events.ts';
import { isSocketSetup } from './network-events.ts';
import type { DnsEvent, SocketEvent, SocketSetupEvent, UnixSocketEvent } from './network-events.ts';
import type { PathEvent } from './path-event.ts';
import type { ProcessEvent } from './process-events.ts';
import type { SystemEvent } from './system-events.ts';

/** Why the kernel side emitted a record; a record may serve both streams. Bit values are shared with the C sources. */
export const Purpose = { learning: 1, rules: 2 } as const;

/**
 * One program image in one process: `pid` is reused by the kernel and `execId` counts the execs of one process, so only
 * all three together name the thing.
 */
export interface ProcessKey {
  /** Thread group id at the agent's pid-namespace level. */
  readonly pid: number;
  /** Start of the thread group leader in nanoseconds since boot. */
  readonly startedAt: number;
  /** Number of execs so far, as the kernel counts them. */
  readonly execId: number;
}

/** What all events of tasks have. */
export interface EventBase {
  /** Milliseconds since the epoch, fractional; converted from the kernel's boot clock. */
  readonly timestamp: number;
  /** Bit mask of {@link Purpose}. */
  readonly purpose: number;
  /** Which of the approvers passed it for the rules, by its place from 1 on; 0 for what only learning wanted. */
  readonly approver: number;
  /**
   * Id of the observed cgroup in which it happened (cgroups nested in it count as it): on v2 its inode, on v1 the inode in
   * the one hierarchy that is watched.
   */
  readonly cgroupId: bigint;
  /** Inode of the mount namespace of the acting task: tells the runtime's own steps from those of the container. */
  readonly mountNamespace: number;
  readonly process: ProcessKey;
  /** The acting thread, numbered like `process.pid`. */
  readonly tid: number;
  readonly uid: number;
}

/** A path as the kernel walked it, seen from the root of the acting task's mount namespace. */
export interface FilePath {
  /** Absolute, with `\xNN` for bytes that are not printable UTF-8, and `\\` for a backslash (see `escapeBytes`). */
  readonly path: string;
  /**
   * More components or bytes than the kernel side keeps: `path` holds the leaf side, after `…/`, or, of a string that a program
   * passed, the beginning, before `…`.
   */
  readonly truncated: boolean;
  /** No longer in its directory. */
  readonly deleted: boolean;
}

/** What the kernel knows of a file beside its name and content. Times are milliseconds since the epoch. */
export interface FileFacts {
  readonly inode: number;
  /** Number of the file system's device, as the kernel packs it. */
  readonly device: number;
  /** Type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mountId: number;
  /** `ext4`, `overlay`, `tmpfs` … */
  readonly filesystem: string;
  readonly modifiedAt: number;
  readonly changedAt: number;
  /** On an overlay: written, or copied up, since the container was made. */
  readonly inUpperLayer: boolean;
}

/** A file as a call named it. */
export interface NamedFile extends FilePath {
  /**
   * False: `path` is the string that the program passed, joined to where it begins, with `.` and `..` taken out as if no part
   * of it were a symbolic link. Whether one is the kernel does not tell after the call.
   */
  readonly resolved: boolean;
  /** Absent where the kernel does not know the file any more when the call ends: it was refused, or was given a string. */
  readonly facts?: FileFacts;
}

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  /** Who logged in, as audit knows it; undefined if nobody did. */
  readonly auid: number | undefined;
  /** Bit masks by capability number. */
  readonly capEffective: bigint;
  readonly capPermitted: bigint;
}

export interface ExecEvent extends EventBase {
  readonly type: 'exec';
  /** The program that runs: for a script, its interpreter. */
  readonly file: FilePath & FileFacts;
  /** Name handed to execve: a script's own path when `file` is its interpreter. */
  readonly filename: string;
  /** Only the first 1,023 bytes are there. */
  readonly filenameTruncated: boolean;
  readonly argv: readonly string[];
  readonly argsTruncated: boolean;
  /** `NAME=VALUE`; only in events for rules, because values are secrets. */
  readonly envp?: readonly string[];
  readonly envsTruncated: boolean;
  readonly cwd: FilePath;
  /** Controlling terminal, such as `pts0`; empty without one. */
  readonly tty: string;
  readonly credentials: Credentials;
  readonly ppid: number;
  /** Process 1 of its pid namespace: in a container with one of its own, the container's own program. */
  readonly namespaceInit: boolean;
}

export interface ForkEvent extends EventBase {
  /** `process` is the parent. */
  readonly type: 'fork';
  readonly child: { readonly pid: number };
  /** `CLONE_…` of the call, `CLONE_NEW…` for namespaces of its own among them; without the signal that tells of its end. */
  readonly flags: number;
}

export interface ExitEvent extends EventBase {
  readonly type: 'exit';
  /** Wait status as the kernel keeps it: signal in the low 7 bits, exit code in bits 8–15. */
  readonly status: number;
}

export interface OpenEvent extends EventBase {
  readonly type: 'open';
  readonly file: NamedFile & {
    /** Permissions that a call with O_CREAT or O_TMPFILE asked for; those of the file if it was created. */
    readonly destination?: { readonly mode: number };
  };
  /** `open(2)` flags. */
  readonly flags: number;
  /** The call created the file (the kernel's FMODE_CREATED). */
  readonly created: boolean;
  /** 0, or the negative errno of a refused open (EACCES, EPERM, EROFS). */
  readonly retval: number;
  /** As passed; only of refused opens and in events for rules. The flags are `flags`. */
  readonly syscall?: { readonly path: string; readonly mode: number };
}

/** A cgroup below a watched one appeared or went away; `cgroupId` is that cgroup. */
export interface CgroupEvent {
  readonly type: 'cgroup_mkdir' | 'cgroup_rmdir';
  readonly timestamp: number;
  readonly cgroupId: bigint;
  readonly parentCgroupId: bigint;
  /** Path below the mount point of the hierarchy, e.g. `/kubepods/burstable/pod…/0123…`. */
  readonly path: string;
}

/** A system call that is of interest for itself. */
export interface CallBase extends EventBase {
  /** The call's name, such as `pidfd_send_signal`. */
  readonly call: string;
  /** As the kernel returned it: a negative errno if the call failed. */
  readonly retval: number;
}

/** The kernel asked whether a task has a capability: a step of a call, not a call. Only for rules. */
export interface CapabilityEvent extends EventBase {
  readonly type: 'capability';
  /** Bit masks by capability number, with one bit: what was asked for, and that again if it was granted, else 0. */
  readonly attempted: bigint;
  readonly used: bigint;
  /** Inode of the user namespace whose resources it is about; that of the node itself is 4026531837. */
  readonly userNamespace: number;
}

/** Only for rules. */
export type CallEvent = NamespaceEvent | ProcessEvent | SystemEvent;
/** What learning counts. */
export type BehaviourEvent =
  ExecEvent | ForkEvent | ExitEvent | OpenEvent | PathEvent | SocketEvent | UnixSocketEvent | DnsEvent;
export type KernelEvent = BehaviourEvent | SocketSetupEvent | CapabilityEvent | CallEvent | CgroupEvent;

/** Whether it is for learning to count. */
export function isBehaviour(event: KernelEvent): event is BehaviourEvent {
  return 'process' in event && !('call' in event) && !isSocketSetup(event) && event.type !== 'capability';
}
