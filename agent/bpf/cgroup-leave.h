/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tasks that leave the cgroups of their container: learning does not see what they do from then on. That they left is marked
 * at the container.
 */
#ifndef CGROUP_LEAVE_H
#define CGROUP_LEAVE_H

#include "process.h"

/* Once it has moved, nothing in the kernel tells where a task was. */
static __always_inline void note_member(u32 pid, struct cgroup_state *state)
{
	struct cgroup_entry entry = {};

	if (!state)
		return;
	entry.slot = state->slot;
	entry.sequence = state->sequence;
	if (bpf_map_update_elem(&members, &pid, &entry, BPF_ANY)) {
		COUNT(counters.map_full);
		COUNT(state->map_full);
	}
}

static __always_inline void forget_member(u32 pid)
{
	bpf_map_delete_elem(&members, &pid);
}

/* A task is now in the cgroup of slot `to`, or in none that is observed. */
static __always_inline void moved(struct task_struct *task, u32 to, bool whole_process)
{
	u32 pid = task->tgid;
	struct cgroup_entry *entry = bpf_map_lookup_elem(&members, &pid);
	struct cgroup_state *state = entry ? state_of_slot(entry->slot) : NULL;

	if (state && state->sequence == entry->sequence && state->slot != to)
		mark_blind_spot(state, BLIND_SPOT_LEFT_CGROUP);
	if (!whole_process)
		return;
	if (to)
		note_member(pid, state_of_slot(to));
	else
		forget_member(pid);
}

#define CLONE_INTO_CGROUP 0x200000000ULL

/* Only the unified hierarchy can be chosen at birth. Whoever is not found among the children (a thread) is taken to be gone. */
static __always_inline void born_into_cgroup(struct task_struct *task, int pid, u64 clone_flags)
{
	struct cgroup_state *state;
	struct task_struct *child;

	if (!(clone_flags & CLONE_INTO_CGROUP) || cgroup_source != CGROUP_UNIFIED)
		return;
	state = observed_cgroup(task);
	if (!state)
		return;
	child = newest_child(clone_flags & CLONE_PARENT ? task->real_parent : task, pid);
	if (!child || find_slot(BPF_CORE_READ(child, cgroups, dfl_cgrp, kn, id)) != state->slot)
		mark_blind_spot(state, BLIND_SPOT_LEFT_CGROUP);
}

#endif
