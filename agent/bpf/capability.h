/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capabilities that the kernel asks for. Learning wants the set that an observed cgroup was granted, read by user space when it
 * needs it; rules want each question, and the answer.
 */
#ifndef CAPABILITY_H
#define CAPABILITY_H

#include "rules.h"
#include "syscall-set.h"

/*
 * The kernel asks for CAP_SYS_ADMIN whenever a process takes memory, at each exec and fork and even in page faults, to see
 * whether it may have more than others, and the tracepoint does not tell these questions from the rest. So this one counts
 * only in system calls that need it for something else.
 */
#define CAP_SYS_ADMIN 21
static __always_inline bool is_believed(struct task_struct *task, u32 capability)
{
	u64 number;

	if (capability != CAP_SYS_ADMIN)
		return true;
	number = CLAMP(SYSCALL_NUMBER((struct pt_regs *)bpf_task_pt_regs(task)), SYSCALLS_MAX - 1);
	return admin_calls[number / 64] & 1ULL << number % 64;
}

static __always_inline void capability_used(struct task_struct *task, struct cgroup_state *state, u32 capability)
{
	u64 bit = 1ULL << (capability & 63);

	if (!state || *(volatile u64 *)&state->capabilities & bit)
		return;
	if (is_believed(task, capability) && runs_own_program(task, state))
		__sync_fetch_and_or(&state->capabilities, bit);
}

/*
 * An approver has 32 flags and there are more capabilities, so two may share one. The record is small enough for the stack: it
 * cannot get into the way of another that is being put together.
 */
static __always_inline void capability_asked(struct task_struct *task, struct cgroup_state *state,
					     struct user_namespace *target, u32 capability, bool granted)
{
	struct record_capability record = {};
	u32 wanted;

	if (!is_believed(task, capability))
		return;
	wanted = approve_any_flags(RECORD_CAPABILITY, 1U << capability % 32);
	if (!wanted)
		return;
	fill_header(&record.header, RECORD_CAPABILITY, wanted, task, state);
	record.capability = capability;
	record.user_namespace = BPF_CORE_READ(target, ns.inum);
	record.granted = granted;
	emit(&record.header, sizeof(record), state, false);
}


#endif
