/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tasks that leave the cgroups of their container: learning does not see what they do from then on. That they left is marked
 * at the container.
 */
#ifndef CGROUP_LEAVE_H
#define CGROUP_LEAVE_H

#include "process.h"

/* A task is now in the cgroup of slot `to`, or in none that is observed. */
static __always_inline void moved(struct task_struct *task, u32 to, bool whole_process)
{
	u32 pid = task->tgid;
	struct member *member = bpf_map_lookup_elem(&members, &pid);
	struct cgroup_state *state = member ? state_of_slot(member->slot) : NULL;

	if (state && state->sequence == member->sequence) {
		/* Nested cgroups share a slot. */
		if (state->slot == to)
			return;
		mark_blind_spot(state, BLIND_SPOT_LEFT_CGROUP);
	}
	if (!whole_process)
		return;
	if (to)
		note_member(pid, state_of_slot(to), ORIGIN_UNDECIDED);
	else
		forget_member(pid);
}

#define CLONE_INTO_CGROUP 0x200000000ULL

/*
 * Whether a child was born into another cgroup than its parent's. Only the unified hierarchy can be chosen at birth. Whoever is
 * not found among the children (a thread) is taken to be gone.
 */
static __always_inline bool born_elsewhere(struct task_struct *task, struct cgroup_state *state, int pid, u64 clone_flags)
{
	struct task_struct *child;
	u32 to = 0;

	if (!(clone_flags & CLONE_INTO_CGROUP) || cgroup_source != CGROUP_UNIFIED)
		return false;
	child = newest_child(clone_flags & CLONE_PARENT ? task->real_parent : task, pid);
	if (child)
		to = find_slot(BPF_CORE_READ(child, cgroups, dfl_cgrp, kn, id));
	if (state && state->slot == to)
		return false;
	if (state)
		mark_blind_spot(state, BLIND_SPOT_LEFT_CGROUP);
	if (!(clone_flags & CLONE_THREAD))
		note_member(pid, state_of_slot(to), ORIGIN_UNDECIDED);
	return true;
}

#endif
