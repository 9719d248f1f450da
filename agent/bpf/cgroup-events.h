/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * New cgroups are marked here, in the kernel and before the first task can enter them: user space that reacts to an event
 * comes too late for nearly every first exec.
 */
#ifndef CGROUP_EVENTS_H
#define CGROUP_EVENTS_H

#include "emit.h"
#include "syscall-set.h"

static __always_inline void cgroups_changed(void)
{
	__sync_fetch_and_add(&generation, 1);
}

/* A slot of its own for a child of a watched cgroup; 0 if there is none left. */
static __always_inline u32 give_slot(u64 id)
{
	struct cgroup_entry entry = {};
	struct cgroup_state *state;
	u32 slot = 0;

	if (bpf_map_pop_elem(&free_slots, &slot))
		return 0;
	state = state_of_slot(slot);
	if (!state)
		return 0;
	state->id = id;
	state->slot = slot;
	state->epoch++;
	state->ring_drops = 0;
	state->map_full = 0;
	state->truncated = 0;
	state->nested = 0;
	state->blind_spots = 0;
	state->maker_mounts = current_task()->nsproxy->mnt_ns->ns.inum;
	state->capabilities = 0;
	state->entered = 0;
	forget_syscalls(slot);
	entry.slot = slot;
	entry.sequence = state->sequence;
	if (!bpf_map_update_elem(&cgroups, &id, &entry, BPF_NOEXIST)) {
		__sync_fetch_and_add(&slots_taken, 1);
		return slot;
	}
	bpf_map_push_elem(&free_slots, &slot, 0);
	return 0;
}

static __always_inline u64 parent_id(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *parent = cgroup->self.parent;

	return parent ? parent->cgroup->kn->id : 0;
}

static __always_inline void emit_cgroup(u8 type, struct cgroup *cgroup, const char *path, u32 slot)
{
	struct scratch *buffer = get_scratch(SCRATCH_CGROUP);
	struct record_cgroup *record;
	long size;

	if (!buffer)
		return;
	record = &buffer->cgroup;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = type;
	record->header.purpose = PURPOSE_LEARNING;
	record->header.time = bpf_ktime_get_boot_ns();
	record->header.cgroup = cgroup->kn->id;
	record->parent = parent_id(cgroup);
	record->slot = slot;
	size = bpf_probe_read_kernel_str(record->data, CGROUP_PATH_MAX, path);
	size = size > 0 ? CLAMP(size, CGROUP_PATH_MAX) : 0;
	record->path_size = size;
	/* At once: user space has to find out whose cgroup this is. */
	emit(&record->header, sizeof(*record) + size, state_of_slot(slot), true);
}

/* Nested: the parent's slot serves. */
static __always_inline void inherit_slot(u64 id, u32 slot)
{
	struct cgroup_state *state = state_of_slot(slot);
	struct cgroup_entry entry = {};

	if (!state)
		return;
	entry.slot = slot;
	entry.sequence = state->sequence;
	if (state->nested >= NESTED_MAX || bpf_map_update_elem(&cgroups, &id, &entry, BPF_NOEXIST)) {
		COUNT(counters.map_full);
		COUNT(state->map_full);
		return;
	}
	COUNT(state->nested);
	cgroups_changed();
}

static __always_inline void cgroup_made(struct cgroup *cgroup, const char *path)
{
	u64 id = cgroup->kn->id, parent = parent_id(cgroup);
	u32 *levels = bpf_map_lookup_elem(&watched, &parent), below, slot;

	if (!levels) {
		slot = find_slot(parent);
		if (slot)
			inherit_slot(id, slot);
		return;
	}
	below = *levels - 1;
	if (below && bpf_map_update_elem(&watched, &id, &below, BPF_ANY))
		COUNT(counters.map_full);
	slot = give_slot(id);
	if (!slot)
		COUNT(counters.map_full);
	cgroups_changed();
	emit_cgroup(RECORD_CGROUP_MKDIR, cgroup, path, slot);
}

static __always_inline void cgroup_removed(struct cgroup *cgroup, const char *path)
{
	u64 id = cgroup->kn->id, parent = parent_id(cgroup);
	u32 slot = find_slot(id);
	struct cgroup_state *state = state_of_slot(slot);
	bool owner = state && state->id == id;

	bpf_map_delete_elem(&watched, &id);
	/* User space may be giving the slot up at this moment: whoever removes the entry returns the slot. */
	if (!bpf_map_delete_elem(&cgroups, &id)) {
		cgroups_changed();
		if (owner) {
			__sync_fetch_and_add(&slots_taken, -1);
			bpf_map_push_elem(&free_slots, &slot, 0);
		} else if (state && state->nested)
			__sync_fetch_and_add(&state->nested, -1);
	}
	if (owner || bpf_map_lookup_elem(&watched, &parent))
		emit_cgroup(RECORD_CGROUP_RMDIR, cgroup, path, owner ? slot : 0);
}

#endif
