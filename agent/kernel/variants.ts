/** Which program of a variant goes where. */
import { pathKinds } from './path-syscalls.ts';
import { sourcesOf } from './record-sources.ts';
import type { SyscallKindName } from './syscall-table.ts';

export interface Variant {
  readonly name: string;
  /** What the kernel must have and allow, for the message that says why it refused. */
  readonly needs: string;
  /** Classic tracepoints by program. */
  readonly tracepoints: Readonly<Record<string, string>>;
  /** Likewise, of newer kernels: without them it sees less. */
  readonly optionalTracepoints: Readonly<Record<string, string>>;
  /** Programs that carry their tracepoint in their BTF. */
  readonly rawTracepoints: readonly string[];
  /** Programs of security hooks, which are asked only if BPF is one of the security modules in force. */
  readonly securityHooks: readonly string[];
  /** Whether system calls are seen at a hook where newer kernels may preempt programs: then it must not be taken. */
  readonly mayBePreempted: boolean;
  /** Tail-called programs by the kinds of system call that they handle. */
  readonly handlers: Readonly<Record<string, readonly SyscallKindName[]>>;
}

const processTracepoints = {
  on_exec: 'sched/sched_process_exec',
  on_fork: 'task/task_newtask',
  on_exit: 'sched/sched_process_exit',
};

const classic: Variant = {
  name: 'classic',
  needs: 'Linux 6.1 or newer with tracepoints',
  tracepoints: { dispatch: 'raw_syscalls/sys_exit', ...processTracepoints },
  optionalTracepoints: { on_capable: 'capability/cap_capable' },
  rawTracepoints: ['on_cgroup_mkdir', 'on_cgroup_rmdir', 'on_cgroup_attach'],
  securityHooks: [],
  mayBePreempted: false,
  handlers: {
    handle_open: ['open', 'creat', 'openat', 'openat2', 'openHandle'],
    handle_path_change: pathKinds,
    handle_socket_setup: ['socket', 'setsockopt'],
    handle_address: ['connect', 'bind'],
    handle_listener: ['listen', 'accept'],
    handle_buffer: ['sendto', 'write', 'recvfrom', 'read'],
    handle_parts: ['sendmsg', 'writev', 'recvmsg', 'readv'],
    handle_messages: ['sendmmsg', 'recvmmsg'],
    handle_call: [
      ...sourcesOf(['umount', 'pivotRoot', 'unshare', 'ptrace', 'processVm', 'signal', 'prctl', 'memfdCreate']),
      ...sourcesOf(['perfEventOpen', 'unloadModule', 'setrlimit', 'systemCall']).filter(
        (kind) => kind !== 'openHandle',
      ),
      'byHandle',
      'compat',
    ],
    handle_file_call: sourcesOf(['mount', 'setns', 'mmap', 'mprotect', 'splice', 'loadModule']),
    handle_control_write: ['pwrite64', 'sendfile', 'controlWrite'],
    handle_credentials: sourcesOf(['setuid', 'setgid', 'capset']),
    handle_bpf: ['bpf'],
  },
};

const lsm: Variant = {
  ...classic,
  name: 'lsm',
  needs: 'Linux 6.9 or newer that allows BPF programs at security hooks',
  securityHooks: ['on_file_post_open'],
};

/** A system call costs some 40 ns less. */
const raw: Variant = {
  ...classic,
  name: 'raw',
  tracepoints: processTracepoints,
  rawTracepoints: ['dispatch', ...classic.rawTracepoints],
  mayBePreempted: true,
};

/** In the order in which they are tried. */
export const variants: readonly Variant[] = [lsm, raw, classic];
