// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The variant for kernels where BPF may be a security module: the classic one, but files are reported where the kernel opens
 * them. That includes opens which return through no 64-bit system call (io_uring, 32-bit programs), and no other thread can
 * put another file behind the descriptor in between.
 *
 * The hook is file_post_open (since 6.9), because it is called when the open has succeeded. file_open, which older kernels
 * have too, is called before the file system or the driver had its say, and twice for a file of an overlay.
 */
#define OPENS_BY_LSM 1
/* Four tasks of one CPU, preempted within the same few microseconds of theirs, have not been seen to happen. */
#define POOLED_SCRATCHES 4
#include "open.h"
#include "scratch-pool.h"
#include <bpf/bpf_tracing.h>

/* Set at the first call: a kernel may take the program and yet never ask it, if BPF is not among its security modules. */
u32 security_hooks_asked = 0;

/*
 * What the program passed. f_flags has lost O_CREAT, O_EXCL and O_TRUNC; they are in the registers, if this is a system call
 * of the 64-bit table. Otherwise only that the file was created is known for sure.
 */
static __always_inline struct open_call open_call_of(struct task_struct *task, struct file *file)
{
	struct pt_regs *regs = registers(task);
	u64 number = CLAMP(SYSCALL_NUMBER(regs), SYSCALLS_MAX - 1);
	enum syscall_kind kind = syscall_kinds[number];
	struct open_call call = {};

	/* A worker of io_uring has the registers of whoever started it. */
	if (kind >= SYSCALL_OPEN && kind <= SYSCALL_OPEN_HANDLE && !IS_COMPAT_SYSCALL(task) &&
	    !(task->flags & PF_IO_WORKER))
		return read_open_call(regs, kind);
	call.flags = file->f_flags | (file->f_mode & FMODE_CREATED ? O_CREAT : 0);
	return call;
}

SEC("lsm/file_post_open")
int BPF_PROG(on_file_post_open, struct file *file, int mask)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state;
	struct open_call call;
	u32 which;

	if (!*(volatile u32 *)&security_hooks_asked)
		security_hooks_asked = 1;
	/* A program that is being started, or its interpreter: part of the exec. */
	if (file->f_flags & FMODE_EXEC)
		return 0;
	/* Not by the filter's cache, whose two words another task could change in between. */
	state = state_of_slot(find_slot(cgroup_id_of(task)));
	if (!state && !rules_want(RECORD_OPEN))
		return 0;
	which = claim_scratch();
	if (!which) {
		COUNT(counters.map_full);
		if (state)
			COUNT(state->map_full);
		return 0;
	}
	call = open_call_of(task, file);
	opened_file(which, task, state, file, &call);
	release_scratch(which);
	return 0;
}

/* Behind the hook, because programs are loaded in this order and the hook is what a kernel may refuse. */
#include "classic.bpf.c"
