/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Filling the part that all records share, and handing records to the ring. */
#ifndef EMIT_H
#define EMIT_H

#include "cgroup-filter.h"

/*
 * value = min(value, max), in a single 64-bit register. clang may clamp one copy of a variable and go on with another;
 * the verifier then still sees the unbounded one and refuses the access.
 */
#define CLAMP(value, max)                                                                                              \
	({                                                                                                             \
		u64 clamped = (value);                                                                                 \
		asm volatile("if %0 <= %1 goto +1\n%0 = %1" : "+r"(clamped) : "i"(max));                               \
		clamped;                                                                                               \
	})

#define COUNT(counter) __sync_fetch_and_add(&(counter), 1)

static __always_inline struct scratch *get_scratch(u32 which)
{
	return bpf_map_lookup_elem(&scratch, &which);
}

/*
 * Number of a task in the agent's pid namespace, which need not be the topmost (nodes that are containers themselves);
 * 0 if it is not visible there. A pid has one number per level, and pods sit one or two levels below the node.
 */
static __always_inline u32 visible_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

#pragma unroll
	for (u32 i = 0; i < 4; i++) {
		struct upid *entry = numbers + i * bpf_core_type_size(struct upid);

		if (i > level)
			break;
		if (BPF_CORE_READ(entry, ns, ns.inum) == pid_namespace)
			return BPF_CORE_READ(entry, nr);
	}
	return 0;
}

/*
 * The answer to "who wants this record?": purposes in the low bits, and for the rules which approver passed it, and whether
 * the reader has to hear of it at once.
 */
#define WANTED_PURPOSES 0xff
#define WANTED_URGENT 0x100
/* The condition holds, be it that the approver has had its share already. */
#define WANTED_FOUND 0x200
#define WANTED_APPROVER_SHIFT 16

/* `state` is NULL for what only rules want. */
static __always_inline void fill_header(struct record_header *header, u8 type, u32 wanted, struct task_struct *task,
					struct cgroup_state *state)
{
	struct task_struct *leader = task->group_leader;

	header->type = type;
	header->purpose = wanted & WANTED_PURPOSES;
	header->urgent = !!(wanted & WANTED_URGENT);
	header->approver = wanted >> WANTED_APPROVER_SHIFT;
	header->time = bpf_ktime_get_boot_ns();
	if (state) {
		header->cgroup = state->id;
		/* Or clang makes one load of the two, through a pointer of two types, which the verifier refuses. */
		asm volatile("" ::: "memory");
	} else {
		header->cgroup = cgroup_id_of(task);
	}
	header->started_at = leader->start_boottime;
	header->pid = visible_pid(leader);
	header->tid = task == leader ? header->pid : visible_pid(task);
	header->exec_id = task->self_exec_id;
	header->uid = task->cred->uid.val;
	header->mount_namespace = task->nsproxy->mnt_ns->ns.inum;
}

/*
 * Whether to wake the reader with this record. Without wakeups a record costs 0.3 us; with the kernel's default, which wakes
 * a reader that has caught up, several.
 */
static __always_inline u64 wake_flags(bool urgent)
{
	if (!*(volatile u32 *)&reader_waiting)
		return BPF_RB_NO_WAKEUP;
	if (!urgent && bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < wake_bytes)
		return BPF_RB_NO_WAKEUP;
	*(volatile u32 *)&reader_waiting = 0;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void count_truncation(struct cgroup_state *state)
{
	COUNT(counters.truncated);
	if (state)
		COUNT(state->truncated);
}

/*
 * User memory that served the call can no longer be read, so what it held is lost. `state` is NULL where nothing is lost to
 * learning.
 */
static __always_inline void count_fault(struct cgroup_state *state)
{
	COUNT(counters.user_faults);
	if (state)
		COUNT(state->truncated);
}

static __always_inline void mark_blind_spot(struct cgroup_state *state, enum blind_spot spot)
{
	if (!(*(volatile u32 *)&state->blind_spots & spot))
		__sync_fetch_and_or((u32 *)&state->blind_spots, spot);
}

/* Whether it went in. `state` may be NULL for records that belong to no observed cgroup. */
static __always_inline bool emit(struct record_header *record, u64 size, struct cgroup_state *state, bool urgent)
{
	size = CLAMP(size, RECORD_MAX);
	record->size = size;
	if (!bpf_ringbuf_output(&events, record, size, wake_flags(urgent || record->urgent))) {
		COUNT(counters.emitted);
		return true;
	}
	COUNT(counters.ring_drops);
	if (state)
		COUNT(state->ring_drops);
	return false;
}

#endif
