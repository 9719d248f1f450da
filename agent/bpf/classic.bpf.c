// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The variant for kernels without BPF LSM.
 *
 * System calls come from the classic tracepoint raw_syscalls/sys_exit: perf runs its programs with preemption disabled.
 * Programs of the BTF kind (tp_btf, fentry) may be preempted on newer kernels while they hold a per-CPU guard, and all other
 * tasks of that CPU then pass unseen: a sixth to a half of all events under load. They are used for cgroups alone, whose
 * tracepoints fire under a lock. At exit the result is known, the arguments are still in the saved registers, and the
 * memory they point to is resident.
 */
#include "cgroup-events.h"
#include "dns.h"
#include "open.h"
#include "process.h"
#include "socket.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SYSCALL_HANDLER(name)                                                                                          \
	SEC("tp/raw_syscalls/sys_exit")                                                                                \
	int name(struct trace_event_raw_sys_exit *ctx)

static __always_inline struct pt_regs *registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

static __always_inline u8 kind_of(struct trace_event_raw_sys_exit *ctx)
{
	/* -1 after rt_sigreturn: clamped to the last entry, which is 0. */
	u64 number = CLAMP(ctx->id, SYSCALLS_MAX - 1);

	return syscall_kinds[number];
}

SYSCALL_HANDLER(dispatch)
{
	struct task_struct *task;
	u8 kind = kind_of(ctx);

	if (!kind)
		return 0;
	task = current_task();
	if (!observed_cgroup(task))
		return 0;
	if (IS_COMPAT_SYSCALL(task))
		return 0;
	bpf_tail_call(ctx, &handlers, kind);
	return 0;
}

SYSCALL_HANDLER(handle_open)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);
	enum syscall_kind kind = kind_of(ctx);
	u32 flags = open_flags(regs, kind);
	long retval = ctx->ret;
	u64 path;

	if (!state)
		return 0;
	if (retval >= 0) {
		opened_file(task, state, file_of_fd(task, retval), flags);
		return 0;
	}
	if (kind == SYSCALL_OPEN_HANDLE || (retval != -EACCES && retval != -EPERM && retval != -EROFS))
		return 0;
	path = kind == SYSCALL_OPEN || kind == SYSCALL_CREAT ? SYSCALL_ARG0(regs) : SYSCALL_ARG1(regs);
	refused_open(task, state, (char *)path, flags, retval);
	return 0;
}

SYSCALL_HANDLER(handle_connect)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);

	if (state)
		socket_call(task, state, RECORD_CONNECT, SYSCALL_ARG0(regs), (void *)SYSCALL_ARG1(regs), ctx->ret);
	return 0;
}

SYSCALL_HANDLER(handle_bind)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);

	if (state)
		socket_call(task, state, RECORD_BIND, SYSCALL_ARG0(regs), (void *)SYSCALL_ARG1(regs), ctx->ret);
	return 0;
}

SYSCALL_HANDLER(handle_listen)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();

	if (state)
		socket_call(task, state, RECORD_LISTEN, SYSCALL_ARG0(registers(task)), NULL, ctx->ret);
	return 0;
}

SYSCALL_HANDLER(handle_accept)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();

	/* Failures are the everyday answer of a non-blocking listener. */
	if (state && ctx->ret >= 0)
		socket_call(task, state, RECORD_ACCEPT, ctx->ret, NULL, 0);
	return 0;
}

/* sendto and write; recvfrom */
SYSCALL_HANDLER(handle_dns_buffer)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);
	u8 kind = kind_of(ctx);

	if (state && ctx->ret > 0)
		dns_buffer(task, state, regs, kind == SYSCALL_RECVFROM ? RECORD_DNS_RESPONSE : RECORD_DNS_QUERY,
			   kind == SYSCALL_WRITE ? 0 : SYSCALL_ARG4(regs), ctx->ret);
	return 0;
}

/* sendmsg and writev; recvmsg */
SYSCALL_HANDLER(handle_dns_parts)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);
	struct user_message message = {};
	struct sock *sk;
	u8 kind = kind_of(ctx);

	if (!state || ctx->ret <= 0)
		return 0;
	sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	if (!sk)
		return 0;
	if (kind == SYSCALL_WRITEV) {
		message.parts = SYSCALL_ARG1(regs);
		message.parts_count = SYSCALL_ARG2(regs);
	} else if (bpf_probe_read_user(&message, sizeof(message), (void *)SYSCALL_ARG1(regs))) {
		COUNT(counters.user_faults);
		return 0;
	}
	dns_parts(task, state, sk, kind == SYSCALL_RECVMSG ? RECORD_DNS_RESPONSE : RECORD_DNS_QUERY, &message, ctx->ret);
	return 0;
}

/* sendmmsg: the result counts messages. A resolver sends the questions for A and AAAA together. */
#define MESSAGES_MAX 4
SYSCALL_HANDLER(handle_dns_messages)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers(task);
	struct sock *sk;

	if (!state || ctx->ret <= 0)
		return 0;
	sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	if (!sk)
		return 0;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		struct user_messages entry;
		void *user = (void *)SYSCALL_ARG1(regs) + i * sizeof(entry);

		if (i >= ctx->ret)
			break;
		if (bpf_probe_read_user(&entry, sizeof(entry), user)) {
			COUNT(counters.user_faults);
			break;
		}
		dns_parts(task, state, sk, RECORD_DNS_QUERY, &entry.message, entry.transferred);
	}
	return 0;
}

SEC("tp/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = observed_cgroup(task);

	/* The string lies in the record, at the offset in the low half of its location word. */
	if (state)
		executed(task, state, (char *)ctx + (ctx->__data_loc_filename & 0xffff));
	return 0;
}

SEC("tp/task/task_newtask")
int on_fork(struct trace_event_raw_task_newtask *ctx)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state;

	if (ctx->clone_flags & CLONE_THREAD)
		return 0;
	state = observed_cgroup(task);
	if (state)
		forked(task, state, ctx->pid, ctx->clone_flags);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state;

	/* Fires for each thread; the last one has taken the count to 0. */
	if (task->signal->live.counter != 0)
		return 0;
	state = observed_cgroup(task);
	if (state)
		exited(task, state);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	if (cgroup->root->hierarchy_id == cgroup_hierarchy)
		cgroup_made(cgroup, path);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	if (cgroup->root->hierarchy_id == cgroup_hierarchy)
		cgroup_removed(cgroup, path);
	return 0;
}
