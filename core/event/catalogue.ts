/**
 * Every event, with the fields of the rule language that it gives and those that it cannot. That each type has an entry and
 * each member exists is checked by the compiler; docs/reference/events.md is written from this.
 */
import type { Catalogue } from './field-entry.ts';

/** Programs by which events are captured, in the order in which they are tried, and the kernels that take them. */
export const variants = [
  { name: 'lsm', kernels: '6.9 and later, where BPF is among the security modules' },
  { name: 'raw', kernels: '6.1 to 6.18' },
  { name: 'classic', kernels: '6.1 and later' },
] as const;

const facts = {
  'file.path': 'file.path',
  'file.inode': 'file.inode',
  'file.mode': 'file.mode',
  'file.uid': 'file.uid',
  'file.gid': 'file.gid',
  'file.mount_id': 'file.mountId',
  'file.filesystem': 'file.filesystem',
  'file.modification_time': 'file.modifiedAt',
  'file.change_time': 'file.changedAt',
  'file.in_upper_layer': 'file.inUpperLayer',
} as const;

/** The same where a call may have found no file. */
const perhaps = {
  'file.path': 'file.path',
  'file.inode': 'file.facts.inode',
  'file.mode': 'file.facts.mode',
  'file.uid': 'file.facts.uid',
  'file.gid': 'file.facts.gid',
  'file.mount_id': 'file.facts.mountId',
  'file.filesystem': 'file.facts.filesystem',
  'file.modification_time': 'file.facts.modifiedAt',
  'file.change_time': 'file.facts.changedAt',
  'file.in_upper_layer': 'file.facts.inUpperLayer',
} as const;

const change = { ...perhaps, retval: 'retval', 'syscall.path': 'syscall.path' } as const;
const local = {
  'addr.ip': 'local.ip',
  'addr.port': 'local.port',
  'addr.family': 'local.family',
  protocol: 'protocol',
  retval: 'retval',
} as const;
const remote = {
  ...local,
  'addr.ip': 'remote.ip',
  'addr.port': 'remote.port',
  'addr.family': 'remote.family',
} as const;
const named = { ...remote, 'addr.hostname': 'hostnames' } as const;
const unix = { ...perhaps, retval: 'retval' } as const;
const target = { pid: 'pid', 'target.pid': 'target.pid' } as const;

const atExit = 'gone when the call returns: it would have to be read before';
const namedNote =
  'Names are those for which the DNS answers of this container, which have to be captured as well, gave the address: for as long as they hold, at least a minute, at most a day. A program that connects to an address that it was not given by a name has none, and one that runs a name server of its own chooses them.';
const aimed =
  'Numbers are those that the caller wrote; the process itself is found in any pid namespace while it lives.';

export const catalogue: Catalogue = {
  exec: {
    rule: 'exec',
    fields: {
      ...facts,
      argv: 'argv',
      args_truncated: 'argsTruncated',
      envp: 'envp',
      envs_truncated: 'envsTruncated',
      tty_name: 'tty',
      ppid: 'ppid',
      pid: 'process.pid',
      tid: 'tid',
      mntns: 'mountNamespace',
      'syscall.path': 'filename',
      uid: 'credentials.uid',
      gid: 'credentials.gid',
      euid: 'credentials.euid',
      egid: 'credentials.egid',
      fsuid: 'credentials.fsuid',
      fsgid: 'credentials.fsgid',
      auid: 'credentials.auid',
      cap_effective: 'credentials.capEffective',
      cap_permitted: 'credentials.capPermitted',
    },
    missing: {
      comm: 'follows from the path and from prctl',
      sid: 'not read',
      netns: 'not read',
      'file.hashes': 'no event carries one: contents are not read on its way',
      caps_used: 'needs the capability hook of LSM or of kernels from 6.18 on',
    },
    note: 'Environments only in events for rules: values are secrets.',
  },
  fork: {
    fields: { pid: 'child.pid', flags: 'flags' },
    note: '`flags` are those of clone and clone3, namespaces of its own among them. Threads are no forks.',
  },
  exit: {
    rule: 'exit',
    fields: { code: 'status', cause: 'status' },
    note: 'Both in one wait status: the signal in the low 7 bits, the exit code above.',
  },
  open: {
    rule: 'open',
    fields: {
      ...perhaps,
      retval: 'retval',
      flags: 'flags',
      'syscall.flags': 'flags',
      'file.destination.mode': 'file.destination.mode',
      'syscall.path': 'syscall.path',
      'syscall.mode': 'syscall.mode',
    },
    note: 'Of failed calls those refused with EACCES, EPERM or EROFS.',
  },
  unlink: {
    rule: 'unlink',
    fields: { ...change, flags: 'flags', 'syscall.dirfd': 'syscall.dirfd', 'syscall.flags': 'flags' },
  },
  rmdir: { rule: 'rmdir', fields: change },
  rename: {
    rule: 'rename',
    fields: {
      ...change,
      'file.destination.path': 'file.destination.path',
      'syscall.destination.path': 'syscall.destination.path',
    },
  },
  mkdir: {
    rule: 'mkdir',
    fields: { ...change, 'file.destination.mode': 'file.destination.mode', 'syscall.mode': 'syscall.mode' },
  },
  mknod: { fields: { ...change, 'file.destination.mode': 'file.destination.mode' } },
  link: {
    rule: 'link',
    fields: {
      ...change,
      'file.destination.path': 'file.destination.path',
      'syscall.destination.path': 'syscall.destination.path',
    },
  },
  symlink: { fields: { ...change, target: 'target' } },
  chmod: {
    rule: 'chmod',
    fields: { ...change, 'file.destination.mode': 'file.destination.mode', 'syscall.mode': 'syscall.mode' },
  },
  chown: {
    rule: 'chown',
    fields: {
      ...change,
      'file.destination.uid': 'file.destination.uid',
      'file.destination.gid': 'file.destination.gid',
    },
  },
  utimes: { rule: 'utimes', fields: change },
  truncate: { fields: change },
  setxattr: {
    rule: 'setxattr',
    fields: {
      ...change,
      'file.destination.name': 'file.destination.name',
      'file.destination.namespace': 'file.destination.namespace',
    },
  },
  removexattr: {
    rule: 'removexattr',
    fields: {
      ...change,
      'file.destination.name': 'file.destination.name',
      'file.destination.namespace': 'file.destination.namespace',
    },
  },
  chdir: { rule: 'chdir', fields: change },
  chroot: { fields: change },
  connect: { rule: 'connect', fields: named, note: namedNote },
  bind: { rule: 'bind', fields: local },
  listen: { fields: local },
  accept: {
    rule: 'accept',
    fields: remote,
    missing: { 'addr.hostname': 'nobody asked for the name of who connects to us' },
  },
  send: { fields: named, note: 'A datagram to a peer that the socket was not connected to. Names as of connect.' },
  unix_connect: { rule: 'connect', fields: unix, note: 'With the address family AF_UNIX.' },
  unix_bind: { rule: 'bind', fields: unix, note: 'With the address family AF_UNIX.' },
  socket: { rule: 'socket', fields: { domain: 'domain', type: 'socketType', protocol: 'protocol', retval: 'retval' } },
  setsockopt: {
    rule: 'setsockopt',
    fields: {
      socket_type: 'socketType',
      socket_family: 'socketFamily',
      socket_protocol: 'socketProtocol',
      level: 'level',
      optname: 'optname',
      filter_len: 'filterLength',
      retval: 'retval',
    },
    missing: { filter_instructions: 'only their number is kept', filter_hash: 'only their number is kept' },
  },
  dns: {
    rule: 'dns',
    fields: {
      id: 'id',
      'question.name': 'questions',
      'question.type': 'questions',
      'question.count': 'questions',
      'question.length': 'length',
      'response.code': 'responseCode',
    },
  },
  mount: {
    rule: 'mount',
    fields: {
      'mountpoint.path': 'mountpoint',
      'source.path': 'source',
      fs_type: 'fsType',
      detached: 'detached',
      'syscall.mountpoint.path': 'mountpoint',
      'syscall.source.path': 'source',
      'syscall.fs_type': 'fsType',
      retval: 'retval',
    },
    missing: {
      'root.path': 'only of mounts that have a descriptor: `file`',
      visible: 'the mount table is not searched',
    },
    note: 'Paths as the program wrote them. The newer calls (fsopen, fsconfig, fsmount, open_tree, move_mount, mount_setattr) are one event each; `call` says which.',
  },
  umount: { fields: { 'mountpoint.path': 'mountpoint', flags: 'flags', retval: 'retval' } },
  pivot_root: { fields: { new_root: 'newRoot', put_old: 'putOld', retval: 'retval' } },
  unshare: { rule: 'unshare', fields: { flags: 'flags', retval: 'retval' } },
  setns: { fields: { ...facts, flags: 'flags', retval: 'retval' } },
  ptrace: {
    rule: 'ptrace',
    fields: { request: 'request', retval: 'retval', pid: 'pid', 'tracee.pid': 'target.pid' },
    note: aimed,
  },
  process_vm: { fields: { ...target, retval: 'retval' }, note: aimed },
  signal: {
    rule: 'signal',
    fields: { ...target, type: 'signal', retval: 'retval' },
    note: `${aimed} Numbers that are not positive name no single process.`,
  },
  setrlimit: {
    rule: 'setrlimit',
    fields: { ...target, resource: 'resource', rlim_cur: 'rlimCur', rlim_max: 'rlimMax', retval: 'retval' },
    note: `${aimed} prlimit64 that only reads is left out.`,
  },
  prctl: {
    rule: 'prctl',
    fields: { option: 'option', new_name: 'newName', is_name_truncated: 'isNameTruncated', retval: 'retval' },
  },
  memfd_create: { fields: { name: 'name', flags: 'flags', retval: 'retval' } },
  mmap: {
    rule: 'mmap',
    fields: { ...facts, protection: 'protection', flags: 'flags', retval: 'retval' },
    note: 'Only memory that is executable.',
  },
  mprotect: {
    rule: 'mprotect',
    fields: { req_protection: 'reqProtection', retval: 'retval', ...facts },
    missing: { vm_protection: atExit },
    note: 'Only memory that becomes executable. The file is missing if the map of the memory was being changed.',
  },
  setuid: {
    rule: 'setuid',
    fields: { uid: 'credentials.uid', euid: 'credentials.euid', fsuid: 'credentials.fsuid', retval: 'retval' },
    note: 'Credentials after the call; `requested` has its arguments.',
  },
  setgid: {
    rule: 'setgid',
    fields: { gid: 'credentials.gid', egid: 'credentials.egid', fsgid: 'credentials.fsgid', retval: 'retval' },
    note: 'As setuid.',
  },
  capset: {
    rule: 'capset',
    fields: { cap_effective: 'credentials.capEffective', cap_permitted: 'credentials.capPermitted', retval: 'retval' },
  },
  splice: {
    rule: 'splice',
    fields: { ...facts, pipe_exit_flag: 'pipeExitFlag', retval: 'retval' },
    missing: { pipe_entry_flag: atExit },
  },
  bpf: {
    rule: 'bpf',
    fields: {
      cmd: 'cmd',
      'map.type': 'map.type',
      'map.name': 'map.name',
      'prog.type': 'prog.type',
      'prog.attach_type': 'prog.attachType',
      'prog.name': 'prog.name',
      'prog.tag': 'prog.tag',
      retval: 'retval',
    },
    missing: { 'prog.helpers': 'would need a walk over all instructions of each program that is loaded' },
    note: 'ENOENT, the everyday answer of a map without a key, is left out.',
  },
  perf_event_open: { fields: { type: 'eventType', config: 'config', pid: 'pid', cpu: 'cpu', retval: 'retval' } },
  load_module: {
    rule: 'load_module',
    fields: {
      ...facts,
      loaded_from_memory: 'loadedFromMemory',
      args: 'args',
      args_truncated: 'argsTruncated',
      retval: 'retval',
    },
    missing: { name: 'stands inside of the module, which only the kernel has read' },
  },
  unload_module: { rule: 'unload_module', fields: { name: 'name', flags: 'flags', retval: 'retval' } },
  cgroup_write: {
    rule: 'cgroup_write',
    fields: { ...facts, pid: 'pid', value: 'value', retval: 'retval' },
    note: 'By write, pwrite64, writev (pwritev and pwritev2 are shown as it is), sendfile and splice, to any file of a cgroup; the last two without the value. The number is that of the caller’s pid namespace.',
  },
  sysctl: {
    rule: 'sysctl',
    fields: { action: 'action', name: 'name', value: 'value', value_truncated: 'valueTruncated', retval: 'retval' },
    missing: { old_value: atExit, file_position: 'not read' },
    note: 'Writes only, below /proc/sys, by the calls that cgroup_write has.',
  },
  syscall: {
    fields: { name: 'call', args: 'arguments', retval: 'retval' },
    note: 'io_uring_setup, io_uring_enter, io_uring_register, kexec_load, kexec_file_load, userfaultfd, keyctl, add_key, request_key, open_by_handle_at, pidfd_getfd, setgroups.',
  },
  compat_call: {
    fields: { number: 'number', args: 'arguments', retval: 'retval' },
    note: 'Only from 64-bit programs, and so on x86 alone.',
  },
  capability: {
    rule: 'capabilities',
    fields: { attempted: 'attempted', used: 'used' },
    note: 'One event for each question, with one bit: the kernel asks several times in many calls, and of a program without privileges too. Only on kernels with the tracepoint capability/cap_capable (6.18 has it, 6.1 and 6.12 have not). It does not tell questions whose answer is of no consequence from the others; CAP_SYS_ADMIN, which is asked for whenever memory is taken, counts only in calls that need it for something else.',
  },
  cgroup_mkdir: { fields: { path: 'path', id: 'cgroupId' } },
  cgroup_rmdir: { fields: { path: 'path', id: 'cgroupId' } },
};

/** Events of the rule language that the agent does not capture. */
export const notCaptured: Readonly<Record<string, string>> = {
  imds: 'needs the content of packets',
  packet: 'needs the content of packets',
  network_flow_monitor: 'needs the sizes of packets',
  selinux: 'no use on nodes without SELinux; writes to its files are opens',
};
