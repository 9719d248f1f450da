/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which system calls the programs of an observed cgroup use: a set, read by user space when it needs it. */
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

#endif
