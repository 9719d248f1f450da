/** System call numbers of the supported architectures (asm/unistd.h), and which of the C handlers each goes to. */
import { amd64PathCalls, arm64PathCalls, PathSyscallKind } from './path-syscalls.ts';
import { CallKind, type CallKindName, callNumbers, InnerKind } from './call-numbers.ts';

/** `enum syscall_kind` of agent/bpf/config.h. */
export const SyscallKind = {
  open: 1,
  creat: 2,
  openat: 3,
  openat2: 4,
  openHandle: 5,
  connect: 6,
  bind: 7,
  listen: 8,
  accept: 9,
  sendto: 10,
  write: 11,
  sendmsg: 12,
  writev: 13,
  sendmmsg: 14,
  recvfrom: 15,
  recvmsg: 16,
  socket: 17,
  setsockopt: 18,
  read: 19,
  readv: 20,
  recvmmsg: 21,
  ...PathSyscallKind,
  ...CallKind,
  ...InnerKind,
} as const;
export type SyscallKindName = keyof typeof SyscallKind;

export type Architecture = 'amd64' | 'arm64';

export interface SystemCalls {
  readonly bpf: number;
  readonly perfEventOpen: number;
  readonly membarrier: number;
  /** Kinds by number. They are told apart by where the arguments stand: accept4 is an accept, pwritev2 a writev. */
  readonly observed: ReadonlyMap<number, SyscallKindName>;
}

const namesOfCalls = Object.keys(CallKind).filter((name): name is CallKindName => name in CallKind);

function calls(arch: Architecture): [number, CallKindName][] {
  return namesOfCalls.map((name) => [callNumbers[name][arch], name]);
}

const tables: Readonly<Record<Architecture, SystemCalls>> = {
  amd64: {
    bpf: 321,
    perfEventOpen: 298,
    membarrier: 324,
    observed: new Map<number, SyscallKindName>([
      [2, 'open'],
      [85, 'creat'],
      [257, 'openat'],
      [437, 'openat2'],
      [304, 'openHandle'],
      [42, 'connect'],
      [49, 'bind'],
      [50, 'listen'],
      [43, 'accept'],
      [288, 'accept'],
      [44, 'sendto'],
      [1, 'write'],
      [46, 'sendmsg'],
      [20, 'writev'],
      [296, 'writev'],
      [328, 'writev'],
      [307, 'sendmmsg'],
      [45, 'recvfrom'],
      [47, 'recvmsg'],
      [41, 'socket'],
      [54, 'setsockopt'],
      [0, 'read'],
      [19, 'readv'],
      [327, 'readv'],
      [299, 'recvmmsg'],
      ...amd64PathCalls,
      ...calls('amd64'),
    ]),
  },
  // No open and no creat: only the forms with a directory exist.
  arm64: {
    bpf: 280,
    perfEventOpen: 241,
    membarrier: 283,
    observed: new Map<number, SyscallKindName>([
      [56, 'openat'],
      [437, 'openat2'],
      [265, 'openHandle'],
      [203, 'connect'],
      [200, 'bind'],
      [201, 'listen'],
      [202, 'accept'],
      [242, 'accept'],
      [206, 'sendto'],
      [64, 'write'],
      [211, 'sendmsg'],
      [66, 'writev'],
      [70, 'writev'],
      [287, 'writev'],
      [269, 'sendmmsg'],
      [207, 'recvfrom'],
      [212, 'recvmsg'],
      [198, 'socket'],
      [208, 'setsockopt'],
      [63, 'read'],
      [65, 'readv'],
      [286, 'readv'],
      [243, 'recvmmsg'],
      ...arm64PathCalls,
      ...calls('arm64'),
    ]),
  },
};

export function architecture(arch: string = process.arch): Architecture {
  if (arch === 'x64') return 'amd64';
  if (arch === 'arm64') return 'arm64';
  throw new Error(`architecture ${arch} is not supported: only x64 and arm64 are`);
}

export function observedKinds(arch?: Architecture): ReadonlyMap<number, SyscallKindName> {
  return systemCalls(arch).observed;
}

export function systemCalls(arch: Architecture = architecture()): SystemCalls {
  return tables[arch];
}
