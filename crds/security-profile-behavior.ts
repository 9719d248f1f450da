/**
 * What containers do, as a SecurityProfile lists it. The object is a bounded rendition, at most 192 KiB of JSON, of what
 * the operator knows. The smallest entry of a list (`{"processId":"0123456789abcdef","path":"/x","access":["read"]}`) has
 * about 60 bytes, so that 4,000 entries are more than the budget can hold; the bounds exist because the API server
 * estimates the cost of validation rules from them.
 */
import type { Percent } from './common.ts';

/**
 * Identifier of a process node: a hash of its lineage of executables, the same in every container.
 * @minLength 1
 * @maxLength 64
 * @pattern ^[0-9a-f]+$
 */
export type ProcessId = string;

/**
 * Path inside the container. Bytes that are not printable UTF-8 stand as \xNN, a backslash as two; parts that differ
 * from run to run are patterns.
 * @minLength 1
 * @maxLength 4096
 */
export type Path = string;

/**
 * Who began it: the entrypoint of the container, a command that the runtime ran in it later (exec), or not known; and beside
 * one of these perhaps a probe or hook of the pod (probe), or a person at a terminal (interactive).
 */
export type Actor = 'entrypoint' | 'exec' | 'unknown' | 'probe' | 'interactive';

/** When it was seen: in the start phase of a container, or later. */
export type Phase = 'start' | 'run';

/** A kind of behaviour. */
export type BehaviorKind = 'process' | 'file' | 'dns' | 'network' | 'syscall' | 'capability';

/** What containers do. The lists are flat: processes form a tree by parentId, all others name their process. */
export interface Behavior {
  /**
   * Processes that run.
   * @maxItems 4000
   * @listType atomic
   */
  readonly processes: readonly ProfileProcess[];
  /**
   * Files that processes use.
   * @maxItems 4000
   * @listType atomic
   */
  readonly files: readonly ProfileFile[];
  /**
   * Names that processes resolve.
   * @maxItems 4000
   * @listType atomic
   */
  readonly dns: readonly ProfileDns[];
  /**
   * Network endpoints that processes use.
   * @maxItems 4000
   * @listType atomic
   */
  readonly network: readonly ProfileNetwork[];
  /**
   * System calls that the container makes; see evidence.completeness.kindsCollected for whether they were watched.
   * @maxItems 512
   * @listType atomic
   */
  readonly syscalls?: readonly SyscallName[];
  /**
   * Capabilities that the container uses; see evidence.completeness.kindsCollected for whether they were watched.
   * @maxItems 64
   * @listType atomic
   */
  readonly capabilities?: readonly CapabilityName[];
}

/**
 * Name of a system call, for example openat.
 * @maxLength 64
 */
export type SyscallName = string;

/**
 * Name of a capability, for example CAP_NET_BIND_SERVICE.
 * @maxLength 64
 */
export type CapabilityName = string;

/** One executable at one place of the lineage. Workers that are forked without exec belong to it. */
export interface ProfileProcess {
  /** Identifier of this process, to which other entries refer. */
  readonly id: ProcessId;
  /** The process that started it; absent for the first process of a container or of an exec. */
  readonly parentId?: ProcessId;
  /** Path of the program. */
  readonly executable: Path;
  /**
   * Name under which a program with many names, such as busybox, ran.
   * @maxLength 256
   */
  readonly applet?: string;
  /** Script that the interpreter ran. */
  readonly script?: Path;
  /** The interpreter ran code from its arguments. */
  readonly inline?: boolean;
  /**
   * Most processes of this kind that lived at once in one container.
   * @minimum 1
   */
  readonly maxInstances: number;
  /**
   * Who began it.
   * @maxItems 5
   * @listType atomic
   */
  readonly actors: readonly Actor[];
  /**
   * When it was seen.
   * @maxItems 2
   * @listType atomic
   */
  readonly phases: readonly Phase[];
  /** How alike the containers are in what this process does. */
  readonly commonalityOf?: CommonalityOf;
  /** Share of the containers that could have shown it and did; absent while none could. */
  readonly commonality?: Percent;
  /** Of the periods of the only container, the share that showed it; see status.recurrence. */
  readonly recurrence?: Percent;
}

/**
 * Of the files, names or endpoints that this process uses in at least one of two containers, the share that it uses in both,
 * averaged over all pairs of containers; absent for a kind of which it does nothing, and while fewer than two containers were profiled.
 */
export interface CommonalityOf {
  /** Of the files that it uses. */
  readonly files?: Percent;
  /** Of the names that it asks for. */
  readonly dns?: Percent;
  /** Of the endpoints that it talks to. */
  readonly network?: Percent;
}

/** What a path or name with parts in braces stands for, or a wide block of addresses. */
export interface ProfilePattern {
  /**
   * Why it is one: names had the same `signature` (at least four, or one that tells who made it), or there were so many
   * different names in one place that they are shown as `any`, or so many address `blocks` on one port.
   */
  readonly rule: 'signature' | 'any' | 'blocks';
  /**
   * How many different names or blocks were seen; above 31 an estimate, to within a fifth.
   * @minimum 1
   */
  readonly count: number;
  /**
   * Some of them.
   * @maxItems 3
   * @listType atomic
   */
  readonly examples: readonly PatternExample[];
}

/**
 * A path, name or block that was seen, cut after 256 characters.
 * @maxLength 256
 */
export type PatternExample = string;

/** A file, or a pattern of files, that a process uses. */
export interface ProfileFile {
  /** The process that uses it. */
  readonly processId: ProcessId;
  /**
   * Path of the file. Parts in braces stand for many values: `{digits}`, `{mixed8}` for eight letters and digits, `{any}`, and
   * what always differs, such as `{pid}` or `{uuid}`.
   */
  readonly path: Path;
  /** What was seen, if the path became a pattern while learning. */
  readonly pattern?: ProfilePattern;
  /**
   * What was done: `create` made the name (a file, directory, link, or the target of a rename), `rename` gave it to another
   * file or place, `delete` removed it, `attributes` changed mode, owner, times or extended attributes; `denied` if the kernel
   * refused it.
   * @maxItems 7
   * @listType atomic
   */
  readonly access: readonly ('read' | 'write' | 'create' | 'denied' | 'delete' | 'rename' | 'attributes')[];
  /**
   * Who began it, if not the same as for its process.
   * @maxItems 5
   * @listType atomic
   */
  readonly actors?: readonly Actor[];
  /** Share of the containers that could have shown it and did; absent while none could. */
  readonly commonality?: Percent;
  /** Of the periods of the only container, the share that showed it; see status.recurrence. */
  readonly recurrence?: Percent;
}

/** A name that a process resolves. */
export interface ProfileDns {
  /** The process that asks. */
  readonly processId: ProcessId;
  /**
   * Name without the search suffixes of the pod. Labels left of the registered domain may be patterns as elements of paths
   * are; an asterisk stands for the address in a reverse lookup.
   * @minLength 1
   * @maxLength 1024
   */
  readonly name: string;
  /** What was seen, if the name became a pattern while learning. */
  readonly pattern?: ProfilePattern;
  /**
   * Record types that were asked for.
   * @maxItems 64
   * @listType atomic
   */
  readonly types: readonly DnsType[];
  /** Share of the containers that could have shown it and did; absent while none could. */
  readonly commonality?: Percent;
  /** Of the periods of the only container, the share that showed it; see status.recurrence. */
  readonly recurrence?: Percent;
}

/**
 * DNS record type, for example A or AAAA.
 * @maxLength 16
 */
export type DnsType = string;

/** A network endpoint that a process uses. */
export interface ProfileNetwork {
  /** The process that uses it. */
  readonly processId: ProcessId;
  /** What was done: connect to a peer, bind or listen on a port, accept from a peer. */
  readonly direction: 'connect' | 'bind' | 'listen' | 'accept';
  /** Transport protocol. */
  readonly protocol: 'tcp' | 'udp' | 'other';
  /**
   * The other side as text, for example "service default/redis"; for accept only cluster, node, self, external or unknown; absent for bind and listen.
   * @maxLength 512
   */
  readonly peer?: string;
  /** The other side in parts, for connect only. */
  readonly peerRef?: ProfilePeer;
  /** Which blocks were seen, if they were so many that a wider one stands for them. */
  readonly pattern?: ProfilePattern;
  /**
   * Port of the peer for connect, the container's own port otherwise; absent if it differs from run to run.
   * @minimum 0
   * @maximum 65535
   */
  readonly port?: number;
  /** One of several containers talked to so many blocks that they are one: it is shown, and what lies in it is not known. */
  readonly oneContainer?: boolean;
  /** Share of the containers that could have shown it and did; absent while none could. */
  readonly commonality?: Percent;
  /** Of the periods of the only container, the share that showed it; see status.recurrence. */
  readonly recurrence?: Percent;
}

/** A network peer, resolved to what it was at the time. */
export interface ProfilePeer {
  /** What kind of peer it is. */
  readonly kind: 'service' | 'workload' | 'node' | 'apiserver' | 'dns' | 'self' | 'external' | 'unknown';
  /**
   * Namespace of a service or workload.
   * @maxLength 63
   */
  readonly namespace?: string;
  /**
   * Kind of a workload, for example Deployment.
   * @maxLength 63
   */
  readonly workload?: string;
  /**
   * Name of a service or workload.
   * @maxLength 253
   */
  readonly name?: string;
  /**
   * Address block of an external peer; 0.0.0.0/0 or ::/0 for public addresses all over the Internet.
   * @maxLength 64
   */
  readonly block?: string;
}
