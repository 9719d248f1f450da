/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is this task in an observed cgroup? Asked at every system call of the machine, so each load counts. */
#ifndef CGROUP_FILTER_H
#define CGROUP_FILTER_H

#include "kernel-read.h"
#include "maps.h"

/* Typed: the verifier knows what it points to, so members are read by plain loads instead of helper calls. */
static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task_btf();
}

/* Of the system call that the task is in, as user space made it. */
static __always_inline struct pt_regs *registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/*
 * Index of the chosen controller in css_set.subsys. It depends on the kernel's configuration, and its row in /proc/cgroups
 * is no substitute: newer kernels leave out controllers that v1 has lost. A controller that this kernel lacks is never
 * chosen, so the poisoned instruction of its absent enumerator sits in a branch that the verifier removes.
 */
static __always_inline u32 controller_index(void)
{
	switch (cgroup_source) {
	case CGROUP_MEMORY:
		return bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	case CGROUP_PIDS:
		return bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	case CGROUP_CPU:
		return bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	case CGROUP_CPUSET:
		return bpf_core_enum_value(enum cgroup_subsys_id, cpuset_cgrp_id);
	default:
		return bpf_core_enum_value(enum cgroup_subsys_id, freezer_cgrp_id);
	}
}

static __always_inline u64 cgroup_id_of(struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state **subsystems;

	if (cgroup_source == CGROUP_UNIFIED)
		return set->dfl_cgrp->kn->id;
	/* By address: an index that is no compile-time constant cannot be relocated. */
	subsystems = (void *)set + bpf_core_field_offset(struct css_set, subsys);
	return subsystems[controller_index()]->cgroup->kn->id;
}

/* Slot of a cgroup, or 0. An entry whose sequence is old belongs to a slot that was given up since. */
static __always_inline u32 find_slot(u64 id)
{
	struct cgroup_entry *entry = bpf_map_lookup_elem(&cgroups, &id);
	struct cgroup_state *state;
	u32 slot;

	if (!entry)
		return 0;
	slot = entry->slot;
	state = bpf_map_lookup_elem(&cgroup_states, &slot);
	if (!state || state->sequence != entry->sequence)
		return 0;
	return slot;
}

static __always_inline struct cgroup_state *state_of_slot(u32 slot)
{
	if (!slot)
		return NULL;
	return bpf_map_lookup_elem(&cgroup_states, &slot);
}

/* State of the observed cgroup that the task is in, or NULL. */
static __always_inline struct cgroup_state *observed_cgroup(struct task_struct *task)
{
	u64 id = cgroup_id_of(task);
	/* Read before the lookup: a change in between leaves an entry that is already out of date. */
	u32 now = *(volatile u32 *)&generation, zero = 0;
	struct filter_cache *cache = bpf_map_lookup_elem(&filter_cache, &zero);

	if (!cache)
		return NULL;
	if (cache->id != id || cache->generation != now) {
		cache->slot = find_slot(id);
		cache->id = id;
		cache->generation = now;
	}
	return state_of_slot(cache->slot);
}

/*
 * The same after a tail call: the dispatcher has asked a moment ago on this CPU, and nothing can have come in between,
 * because it and the handler run with preemption disabled.
 */
static __always_inline struct cgroup_state *dispatched_cgroup(void)
{
	u32 zero = 0;
	struct filter_cache *cache = bpf_map_lookup_elem(&filter_cache, &zero);

	return cache ? state_of_slot(cache->slot) : NULL;
}

#endif
