/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which system calls and capabilities the programs of an observed cgroup use: sets, read by user space when it needs them. */
#ifndef SYSCALL_SET_H
#define SYSCALL_SET_H

#include "emit.h"

static __always_inline void forget_syscalls(u32 slot)
{
	struct syscall_set *set = bpf_map_lookup_elem(&syscall_sets, &slot);

	if (!set)
		return;
	for (int i = 0; i < SYSCALLS_MAX / 8; i++)
		((volatile u64 *)set->made)[i] = 0;
}

/*
 * Whether the task runs a program of mounts of its own. What a container runtime does inside a container before it becomes the
 * container's program, it does among the mounts where it made the cgroup, and then with a program of the host or out of
 * memory. Asked only for what is not in the set yet.
 */
static __always_inline bool runs_own_program(struct task_struct *task, struct cgroup_state *state)
{
	void *mount = task->mm->exe_file->f_path.mnt;
	struct mount *program = mount - bpf_core_field_offset(struct mount, mnt);
	struct mnt_namespace *own = task->nsproxy->mnt_ns;

	return BPF_CORE_READ(program, mnt_ns) == own && own->ns.inum != state->maker_mounts;
}

/* -1 after rt_sigreturn, and numbers that no call has, end in the last byte, which has no name. */
static __always_inline void note_syscall(struct task_struct *task, struct cgroup_state *state, u64 number)
{
	u32 slot = state->slot;
	struct syscall_set *set = bpf_map_lookup_elem(&syscall_sets, &slot);

	number = CLAMP(number, SYSCALLS_MAX - 1);
	if (set && !set->made[number] && runs_own_program(task, state))
		set->made[number] = 1;
}

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

static __always_inline void capability_used(u32 capability)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = observed_cgroup(task);
	u64 bit = 1ULL << (capability & 63);

	if (!state || *(volatile u64 *)&state->capabilities & bit)
		return;
	if (is_believed(task, capability) && runs_own_program(task, state))
		__sync_fetch_and_or(&state->capabilities, bit);
}

#endif
