/** Which system calls lead to a record; types that are absent come from tracepoints of their own. */
import type { RecordType } from './record-layout.ts';
import { SyscallKind } from './syscall-table.ts';
import type { SyscallKindName } from './syscall-table.ts';

export type RecordTypeName = keyof typeof RecordType;

const controlWrites = ['write', 'writev', 'pwrite64', 'sendfile', 'splice', 'controlWrite'] as const;

export const recordSources: Partial<Readonly<Record<RecordTypeName, readonly SyscallKindName[]>>> = {
  open: ['open', 'creat', 'openat', 'openat2', 'openHandle'],
  connect: ['connect'],
  unixConnect: ['connect'],
  unixBind: ['bind'],
  socket: ['socket'],
  setsockopt: ['setsockopt'],
  bind: ['bind'],
  listen: ['listen'],
  accept: ['accept'],
  send: ['sendto', 'sendmsg', 'sendmmsg'],
  dnsQuery: ['sendto', 'write', 'sendmsg', 'writev', 'sendmmsg'],
  dnsResponse: ['recvfrom', 'read', 'recvmsg', 'readv', 'recvmmsg'],
  unlink: ['unlink', 'unlinkat'],
  rmdir: ['rmdir', 'unlinkat'],
  rename: ['rename', 'renameat', 'renameat2'],
  mkdir: ['mkdir', 'mkdirat'],
  chmod: ['chmod', 'fchmod', 'fchmodat', 'fchmodat2'],
  chown: ['chown', 'lchown', 'fchown', 'fchownat'],
  link: ['link', 'linkat'],
  symlink: ['symlink', 'symlinkat'],
  mknod: ['mknod', 'mknodat'],
  utimes: ['utimes', 'futimesat', 'utimensat'],
  setxattr: ['setxattr', 'lsetxattr', 'fsetxattr', 'setxattrat'],
  removexattr: ['removexattr', 'lremovexattr', 'fremovexattr', 'removexattrat'],
  truncate: ['truncate', 'ftruncate'],
  chdir: ['chdir', 'fchdir'],
  chroot: ['chroot'],
  mount: ['mount', 'openTree', 'moveMount', 'fsopen', 'fsconfig', 'fsmount', 'mountSetattr'],
  umount: ['umount'],
  pivotRoot: ['pivotRoot'],
  unshare: ['unshare'],
  setns: ['setns'],
  ptrace: ['ptrace'],
  processVm: ['processVmReadv', 'processVmWritev'],
  signal: ['kill', 'tkill', 'tgkill', 'pidfdSendSignal', 'rtSigqueueinfo', 'rtTgsigqueueinfo'],
  prctl: ['prctl'],
  memfdCreate: ['memfdCreate'],
  mmap: ['mmap'],
  mprotect: ['mprotect', 'pkeyMprotect'],
  splice: ['splice', 'tee', 'vmsplice'],
  bpf: ['bpf'],
  perfEventOpen: ['perfEventOpen'],
  loadModule: ['initModule', 'finitModule'],
  unloadModule: ['deleteModule'],
  setuid: ['setuid', 'setreuid', 'setresuid', 'setfsuid'],
  setgid: ['setgid', 'setregid', 'setresgid', 'setfsgid'],
  capset: ['capset'],
  setrlimit: ['setrlimit', 'prlimit64'],
  cgroupWrite: controlWrites,
  sysctl: controlWrites,
  systemCall: [
    'openHandle',
    'ioUringSetup',
    'ioUringEnter',
    'ioUringRegister',
    'setgroups',
    'kexecLoad',
    'kexecFileLoad',
    'userfaultfd',
    'keyctl',
    'addKey',
    'requestKey',
    'pidfdGetfd',
  ],
};

/** Use of io_uring is a blind spot of learning, and so it has to know of it. */
const marking: readonly SyscallKindName[] = ['ioUringSetup', 'ioUringEnter'];

/** What learning takes of system calls. All other records are made for rules alone and cost nothing while no rule wants them. */
const learned: readonly RecordTypeName[] = [
  'open',
  'connect',
  'unixConnect',
  'unixBind',
  'bind',
  'listen',
  'accept',
  'send',
  'dnsQuery',
  'unlink',
  'rmdir',
  'rename',
  'mkdir',
  'chmod',
  'chown',
  'link',
  'symlink',
  'mknod',
  'utimes',
  'setxattr',
  'removexattr',
  'truncate',
];

export function sourcesOf(records: Iterable<RecordTypeName>): SyscallKindName[] {
  return [...records].flatMap((record) => recordSources[record] ?? []);
}

/** The kinds of system call that learning has to see. */
export const learnedKinds: readonly SyscallKindName[] = [...sourcesOf(learned), ...marking];

/** Kinds as bits of so many words. */
export function kindBits(kinds: Iterable<SyscallKindName>, words: number): bigint[] {
  const mask = Array<bigint>(words).fill(0n);
  for (const kind of kinds) {
    const number = SyscallKind[kind];
    mask[number >> 6] = (mask[number >> 6] ?? 0n) | (1n << BigInt(number & 63));
  }
  return mask;
}
