/**
 * Kernel events as the product sees them, decoded and free of kernel layouts. Field names follow the agent rule
 * language (`process.file.path`, `process.argv`, `open.file.path`, `connect.addr.ip`, `dns.question.name` …), so that
 * rules evaluate over the same objects that learning counts.
 */

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

interface EventBase {
  /** Milliseconds since the epoch, fractional; converted from the kernel's boot clock. */
  readonly timestamp: number;
  /** Bit mask of {@link Purpose}. */
  readonly purpose: number;
  /**
   * Id of the observed cgroup in which it happened (cgroups nested in it count as it): on v2 its inode, on v1 the inode in
   * the one hierarchy that is watched.
   */
  readonly cgroupId: bigint;
  /** Inode of the mount namespace of the acting task: tells the runtime's own steps from those of the container. */
  readonly mountNamespace: number;
  readonly process: ProcessKey;
  readonly uid: number;
}

/** A path as the kernel walked it, seen from the root of the acting task's mount namespace. */
export interface FilePath {
  /** Absolute, with `\xNN` for bytes that are not printable UTF-8, and `\\` for a backslash (see `escapeBytes`). */
  readonly path: string;
  /** More components or bytes than the kernel side keeps: `path` holds the leaf side, after `…/`. */
  readonly truncated: boolean;
  /** No longer in its directory. */
  readonly deleted: boolean;
}

export interface ExecEvent extends EventBase {
  readonly type: 'exec';
  readonly file: FilePath & { readonly inode: number };
  /** Name handed to execve: a script's own path when `file` is its interpreter. */
  readonly filename: string;
  readonly argv: readonly string[];
  readonly argsTruncated: boolean;
  readonly ppid: number;
  /** Process 1 of its pid namespace: in a container with one of its own, the container's own program. */
  readonly namespaceInit: boolean;
}

export interface ForkEvent extends EventBase {
  /** `process` is the parent. */
  readonly type: 'fork';
  readonly child: { readonly pid: number };
}

export interface ExitEvent extends EventBase {
  readonly type: 'exit';
  /** Wait status as the kernel keeps it: signal in the low 7 bits, exit code in bits 8–15. */
  readonly status: number;
}

export interface OpenEvent extends EventBase {
  readonly type: 'open';
  readonly file: FilePath & { readonly inode: number; readonly mode: number };
  /** `open(2)` flags. */
  readonly flags: number;
  /** The call created the file (the kernel's FMODE_CREATED). */
  readonly created: boolean;
  /** 0, or the negative errno of a refused open (EACCES, EPERM, EROFS); then `path` is what the program asked for. */
  readonly retval: number;
}

export interface SocketAddress {
  readonly family: 'ipv4' | 'ipv6';
  /** Textual, IPv4-mapped IPv6 already shown as IPv4. */
  readonly ip: string;
  readonly port: number;
}

export interface SocketEvent extends EventBase {
  readonly type: 'connect' | 'bind' | 'listen' | 'accept';
  readonly protocol: 'tcp' | 'udp' | 'other';
  readonly local: SocketAddress;
  /** Absent for bind and listen. */
  readonly remote?: SocketAddress;
  /** 0, or the negative errno. */
  readonly retval: number;
}

export interface DnsEvent extends EventBase {
  readonly type: 'dns';
  readonly direction: 'query' | 'response';
  readonly server: SocketAddress;
  /** Empty if the message could not be understood. */
  readonly questions: readonly { readonly name: string; readonly type: string }[];
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

export type BehaviourEvent = ExecEvent | ForkEvent | ExitEvent | OpenEvent | SocketEvent | DnsEvent;
export type KernelEvent = BehaviourEvent | CgroupEvent;
