/** System call numbers of the supported architectures (asm/unistd.h), and which of the C handlers each goes to. */

/** `enum syscall_kind` of agent/bpf/config.h. */
export const SyscallKind = {
  open: 1,
  openat: 2,
  openHandle: 3,
  connect: 4,
  bind: 5,
  listen: 6,
  accept: 7,
  sendto: 8,
  write: 9,
  sendmsg: 10,
  writev: 11,
  sendmmsg: 12,
  recvfrom: 13,
  recvmsg: 14,
} as const;
export type SyscallKindName = keyof typeof SyscallKind;

export type Architecture = 'amd64' | 'arm64';

export interface SystemCalls {
  readonly bpf: number;
  readonly perfEventOpen: number;
  /** Kinds by number. They are told apart by where the arguments stand: creat is an open, accept4 an accept. */
  readonly observed: ReadonlyMap<number, SyscallKindName>;
}

const tables: Readonly<Record<Architecture, SystemCalls>> = {
  amd64: {
    bpf: 321,
    perfEventOpen: 298,
    observed: new Map<number, SyscallKindName>([
      [2, 'open'],
      [85, 'open'],
      [257, 'openat'],
      [437, 'openat'],
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
      [307, 'sendmmsg'],
      [45, 'recvfrom'],
      [47, 'recvmsg'],
    ]),
  },
  // No open, creat: only the forms with a directory exist.
  arm64: {
    bpf: 280,
    perfEventOpen: 241,
    observed: new Map<number, SyscallKindName>([
      [56, 'openat'],
      [437, 'openat'],
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
      [269, 'sendmmsg'],
      [207, 'recvfrom'],
      [212, 'recvmsg'],
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
