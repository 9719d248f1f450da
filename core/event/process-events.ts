/** What processes do to others and to themselves: control, memory that is code, credentials, limits. */
import type { CallBase, Credentials, FileFacts, FilePath, ProcessKey } from './event.ts';

/** A call that names a process by number. */
interface TargetedCall extends CallBase {
  /** As the caller wrote it, in the numbers of its own pid namespace: 0 and negative ones may mean itself or many. */
  readonly pid: number;
  /** The process with that number, as the agent knows it; absent if there is no single one, or none any more. */
  readonly target?: ProcessKey;
}

export interface PtraceEvent extends TargetedCall {
  readonly type: 'ptrace';
  readonly request: number;
}

export interface ProcessVmEvent extends TargetedCall {
  /** `call` tells reading from writing. */
  readonly type: 'process_vm';
}

export interface SignalEvent extends TargetedCall {
  readonly type: 'signal';
  /** 0 only asks whether the process exists. */
  readonly signal: number;
}

export interface SetrlimitEvent extends TargetedCall {
  readonly type: 'setrlimit';
  readonly resource: number;
  /** All ones for no limit. */
  readonly rlimCur: bigint;
  readonly rlimMax: bigint;
}

export interface PrctlEvent extends CallBase {
  readonly type: 'prctl';
  readonly option: number;
  /** Arguments after the option. */
  readonly arguments: readonly bigint[];
  /** Of PR_SET_NAME: what the kernel keeps, 15 bytes at most. */
  readonly newName?: string;
  readonly isNameTruncated: boolean;
}

export interface MemfdCreateEvent extends CallBase {
  readonly type: 'memfd_create';
  readonly name: string;
  readonly flags: number;
}

/** Memory that is mapped executable. */
export interface MmapEvent extends CallBase {
  readonly type: 'mmap';
  readonly protection: number;
  readonly flags: number;
  /** Absent for anonymous memory, and if the descriptor was none. */
  readonly file?: FilePath & FileFacts;
}

/** Memory that becomes executable. */
export interface MprotectEvent extends CallBase {
  readonly type: 'mprotect';
  readonly reqProtection: number;
  /** What is mapped there; absent for anonymous memory. */
  readonly file?: FilePath & FileFacts;
}

export interface SetCredentialsEvent extends CallBase {
  readonly type: 'setuid' | 'setgid';
  /** The arguments: real, effective and saved id as far as the call has them; 2³² − 1 leaves one as it is. */
  readonly requested: readonly number[];
  /** After the call. */
  readonly credentials: Credentials;
}

export interface CapsetEvent extends CallBase {
  readonly type: 'capset';
  /** After the call. */
  readonly credentials: Credentials;
}

export type ProcessEvent =
  | PtraceEvent
  | ProcessVmEvent
  | SignalEvent
  | SetrlimitEvent
  | PrctlEvent
  | MemfdCreateEvent
  | MmapEvent
  | MprotectEvent
  | SetCredentialsEvent
  | CapsetEvent;
