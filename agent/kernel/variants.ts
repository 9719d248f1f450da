/** Which program of a variant goes where. */
import type { SyscallKindName } from './syscall-table.ts';

export interface Variant {
  readonly name: string;
  /** Classic tracepoints by program. */
  readonly tracepoints: Readonly<Record<string, string>>;
  /** Programs that carry their tracepoint in their BTF. */
  readonly rawTracepoints: readonly string[];
  /** Tail-called programs by the kinds of system call that they handle. */
  readonly handlers: Readonly<Record<string, readonly SyscallKindName[]>>;
}

const classic: Variant = {
  name: 'classic',
  tracepoints: {
    dispatch: 'raw_syscalls/sys_exit',
    on_exec: 'sched/sched_process_exec',
    on_fork: 'task/task_newtask',
    on_exit: 'sched/sched_process_exit',
  },
  rawTracepoints: ['on_cgroup_mkdir', 'on_cgroup_rmdir'],
  handlers: {
    handle_open: ['open', 'creat', 'openat', 'openat2', 'openHandle'],
    handle_connect: ['connect'],
    handle_bind: ['bind'],
    handle_listen: ['listen'],
    handle_accept: ['accept'],
    handle_dns_buffer: ['sendto', 'write', 'recvfrom'],
    handle_dns_parts: ['sendmsg', 'writev', 'recvmsg'],
    handle_dns_messages: ['sendmmsg'],
  },
};

/** In the order in which they are tried. */
export const variants: readonly Variant[] = [classic];
