/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes of observed cgroups: whose each is, and what brought its lineage in. User space tells actors (the container's own
 * start, a probe, a person) by the command that entered and by whether it has a terminal, so a hash of these stands for the
 * actor: lineages with different actors never share it, and a probe that comes every ten seconds is the same each time.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "emit.h"

enum origin {
	/* On its way in: it runs no program among mounts of the container's own yet. */
	ORIGIN_UNDECIDED = 0,
	/* The container's own first program, or there before the container was observed. */
	ORIGIN_OWN = 1,
	/* Set in every hash. */
	ORIGIN_INJECTED = 2,
};

/* Once a task has moved, nothing in the kernel tells where it was. */
static __always_inline void note_member(u32 pid, struct cgroup_state *state, u64 origin)
{
	struct member member = {};

	if (!state)
		return;
	member.slot = state->slot;
	member.sequence = state->sequence;
	member.origin = origin;
	if (bpf_map_update_elem(&members, &pid, &member, BPF_ANY)) {
		COUNT(counters.map_full);
		COUNT(state->map_full);
	}
}

static __always_inline void forget_member(u32 pid)
{
	bpf_map_delete_elem(&members, &pid);
}

/* NULL for a process that was there before the container was observed. */
static __always_inline struct member *member_of(struct task_struct *task, struct cgroup_state *state)
{
	u32 pid = task->tgid;
	struct member *member = bpf_map_lookup_elem(&members, &pid);

	if (!member || member->slot != state->slot || member->sequence != state->sequence)
		return NULL;
	return member;
}

/* Most containers are never entered a second time: then nothing is looked up. */
static __always_inline u64 origin_of(struct task_struct *task, struct cgroup_state *state)
{
	struct member *member;

	if (!state || *(volatile u32 *)&state->entered < 2)
		return ORIGIN_OWN;
	member = member_of(task, state);
	return member ? member->origin : ORIGIN_OWN;
}

static __always_inline void inherit_origin(u32 child, struct task_struct *parent, struct cgroup_state *state)
{
	struct member *member = member_of(parent, state);

	note_member(child, state, member ? member->origin : ORIGIN_OWN);
}

/* Whether this is the first program that comes in from outside. Never goes back to 0, however many there are. */
static __always_inline bool enters_first(struct cgroup_state *state)
{
	return *(volatile u32 *)&state->entered < 2 && !__sync_fetch_and_add(&state->entered, 1);
}

#endif
