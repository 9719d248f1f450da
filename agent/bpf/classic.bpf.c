// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The variant for kernels without BPF LSM, and the base of lsm.bpf.c, which takes files elsewhere, and of raw.bpf.c, which
 * takes system calls elsewhere.
 *
 * Here they come from the classic tracepoint raw_syscalls/sys_exit: perf runs its programs with preemption disabled.
 * Programs of the BTF kind (tp_btf, fentry) may be preempted on newer kernels while they hold a per-CPU guard, and all other
 * tasks of that CPU then pass unseen: a sixth to a half of all events under load. They are used for cgroups alone, whose
 * tracepoints fire under a lock. At exit the result is known, the arguments are still in the saved registers, and the
 * memory they point to is resident.
 */
#include "bpf-calls.h"
#include "capability.h"
#include "cgroup-events.h"
#include "cgroup-leave.h"
#include "control-write.h"
#include "dns.h"
#include "file-calls.h"
#include "open.h"
#include "path-change.h"
#include "process.h"
#include "socket-setup.h"
#include "syscall-hook.h"
#include "unix-socket.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Whether successful opens are reported where the kernel opens the file. */
#ifndef OPENS_BY_LSM
#define OPENS_BY_LSM 0
#endif

static __always_inline u8 kind_of(struct syscall_exit *ctx)
{
	/* -1 after rt_sigreturn: clamped to the last entry, which is 0. */
	u64 number = CLAMP(number_of(ctx), SYSCALLS_MAX - 1);

	return syscall_kinds[number];
}

SYSCALL_HANDLER(dispatch)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state;
	u64 number;
	u8 kind;

	/* Before anything else: its number means another call in the table of 64-bit programs. */
	if (IS_COMPAT_SYSCALL(task)) {
		bpf_tail_call(ctx, &handlers, SYSCALL_COMPAT);
		return 0;
	}
	number = number_of(ctx);
	kind = kind_of(ctx);
	if (!*(volatile u32 *)&slots_taken && !rules_want_kind(kind))
		return 0;
	/* Asked in any case: the handler relies on the answer. */
	state = observed_cgroup(task);
	if (state)
		note_syscall(task, state, number);
	if (!(state && learned_kind(kind)) && !rules_want_kind(kind))
		return 0;
	if (is_one_of(kind, MESSAGE_KINDS) && !is_message(task, registers_of(ctx, task), kind, result_of(ctx)))
		return 0;
	/* To a program that is known when it is loaded goes a plain jump: others are guessed by the processor, or not at all. */
	if (kind == SYSCALL_OPENAT)
		bpf_tail_call_static(ctx, &handlers, SYSCALL_OPENAT);
	bpf_tail_call(ctx, &handlers, kind);
	return 0;
}

SYSCALL_HANDLER(handle_open)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers_of(ctx, task);
	enum syscall_kind kind = kind_of(ctx);
	struct open_call call = read_open_call(regs, kind);
	long retval = result_of(ctx);

	/* The security hook is not asked for these two. */
	if (retval >= 0 && (!OPENS_BY_LSM || call.flags & (O_PATH | TMPFILE)))
		opened_file(SCRATCH_TASK, task, state, file_of_fd(task, retval), &call);
	if (kind == SYSCALL_OPEN_HANDLE)
		bpf_tail_call(ctx, &handlers, SYSCALL_BY_HANDLE);
	if (kind != SYSCALL_OPEN_HANDLE && is_refusal(retval))
		refused_open(task, state, &call, retval);
	return 0;
}

SYSCALL_HANDLER(handle_path_change)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();

	path_changed(task, state, registers_of(ctx, task), kind_of(ctx), result_of(ctx));
	return 0;
}

/* connect and bind */
SYSCALL_HANDLER(handle_address)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers_of(ctx, task);
	struct sock *sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	void *name = (void *)SYSCALL_ARG1(regs);
	bool connects = kind_of(ctx) == SYSCALL_CONNECT;
	long result = result_of(ctx);

	if (!sk)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		unix_call(task, state, connects ? RECORD_UNIX_CONNECT : RECORD_UNIX_BIND, sk, name, SYSCALL_ARG2(regs),
			  result);
	else
		socket_call(task, state, connects ? RECORD_CONNECT : RECORD_BIND, sk, name, result);
	return 0;
}

/* listen; accept, whose failures are the everyday answer of a non-blocking listener */
SYSCALL_HANDLER(handle_listener)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	bool accepts = kind_of(ctx) == SYSCALL_ACCEPT;
	long result = result_of(ctx);
	struct sock *sk;

	if (accepts && result < 0)
		return 0;
	sk = sock_of_fd(task, accepts ? result : SYSCALL_ARG0(registers_of(ctx, task)));
	if (sk)
		socket_call(task, state, accepts ? RECORD_ACCEPT : RECORD_LISTEN, sk, NULL, accepts ? 0 : result);
	return 0;
}

/* socket and setsockopt */
SYSCALL_HANDLER(handle_socket_setup)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	long result = result_of(ctx);

	if (kind_of(ctx) == SYSCALL_SOCKET)
		socket_made(task, state, registers_of(ctx, task), result);
	else
		option_set(task, state, registers_of(ctx, task), result);
	return 0;
}

#include "message-handlers.h"

/*
 * Calls that rules want, with arguments alone; and what learning is blind to and has to know of: io_uring, and calls by the
 * table of 32-bit programs. About those the dispatcher has not asked, so the observed cgroup is looked up here.
 */
SYSCALL_HANDLER(handle_call)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = observed_cgroup(task);
	bool compat = IS_COMPAT_SYSCALL(task);
	u8 kind = compat ? SYSCALL_COMPAT : kind_of(ctx), type = call_types[kind];

	if (state && compat)
		mark_blind_spot(state, BLIND_SPOT_COMPAT);
	if (state && result_of(ctx) >= 0 && (kind == SYSCALL_IO_URING_SETUP || kind == SYSCALL_IO_URING_ENTER))
		mark_blind_spot(state, BLIND_SPOT_IO_URING);
	/* All calls of a 32-bit program are such; one of a 64-bit program is worth an event. */
	if (!rules_want(type) || (compat && is_32bit_program(task)))
		return 0;
	plain_call(task, state, type, kind, number_of(ctx), registers_of(ctx, task), result_of(ctx));
	return 0;
}

SYSCALL_HANDLER(handle_credentials)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	u8 kind = kind_of(ctx), type = call_types[kind];

	if (rules_want(type))
		credentials_call(task, state, type, kind, number_of(ctx), registers_of(ctx, task), result_of(ctx));
	return 0;
}

SYSCALL_HANDLER(handle_file_call)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	u8 kind = kind_of(ctx);

	file_call(task, state, kind, number_of(ctx), registers_of(ctx, task), result_of(ctx));
	if (kind == SYSCALL_SPLICE && rules_want_kind(SYSCALL_CONTROL_WRITE))
		bpf_tail_call(ctx, &handlers, SYSCALL_CONTROL_WRITE);
	return 0;
}

SYSCALL_HANDLER(handle_control_write)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();

	control_write(task, state, kind_of(ctx), number_of(ctx), registers_of(ctx, task), result_of(ctx));
	return 0;
}

SYSCALL_HANDLER(handle_bpf)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();

	if (rules_want(RECORD_BPF))
		bpf_call(task, state, kind_of(ctx), number_of(ctx), registers_of(ctx, task), result_of(ctx));
	return 0;
}

SEC("tp/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = observed_cgroup(task);

	/* The string lies in the record, at the offset in the low half of its location word. */
	if (state || rules_want(RECORD_EXEC))
		executed(task, state, (char *)ctx + (ctx->__data_loc_filename & 0xffff));
	return 0;
}

SEC("tp/task/task_newtask")
int on_fork(struct trace_event_raw_task_newtask *ctx)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = observed_cgroup(task);
	bool elsewhere = born_elsewhere(task, state, ctx->pid, ctx->clone_flags);

	if (ctx->clone_flags & CLONE_THREAD)
		return 0;
	if (state && !elsewhere)
		inherit_origin(ctx->pid, task, state);
	if (state || rules_want(RECORD_FORK))
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
	forget_member(task->tgid);
	state = observed_cgroup(task);
	if (state || rules_want(RECORD_EXIT))
		exited(task, state);
	return 0;
}

/* Not every kernel has this tracepoint: user space attaches where there is one. */
SEC("tp/capability/cap_capable")
int on_capable(struct trace_event_raw_cap_capable *ctx)
{
	bool wanted = rules_want(RECORD_CAPABILITY);
	struct task_struct *task;
	struct cgroup_state *state;

	if (!bpf_core_type_exists(struct trace_event_raw_cap_capable) || (!wanted && !*(volatile u32 *)&slots_taken))
		return 0;
	task = current_task();
	state = observed_cgroup(task);
	if (ctx->ret == 0)
		capability_used(task, state, ctx->cap);
	if (wanted)
		capability_asked(task, state, ctx->target_ns, ctx->cap, ctx->ret == 0);
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

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *destination, const char *path, struct task_struct *task, bool whole_process)
{
	if (destination->root->hierarchy_id == cgroup_hierarchy)
		moved(task, find_slot(destination->kn->id), whole_process);
	return 0;
}
