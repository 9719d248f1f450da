/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All state of the programs. Every map is bounded; what they take together, at two CPUs:
 *
 *	events		 2 MB, mapped twice by the reader; user space chooses the size
 *	seen		 65536 x (40 key + 4 value + 64 of the kernel's) = 7 MB
 *	cgroup_states	 4096 x 64 = 256 KB
 *	cgroups		 8192 x (8 key + 8 value + 56) = 0.6 MB
 *	watched		 1024 x 72 = 72 KB
 *	free_slots	 4096 x 4 = 16 KB
 *	scratch		 2 x 10.4 KB for each CPU
 */
#ifndef MAPS_H
#define MAPS_H

#include "config.h"
#include "records.h"
#include <bpf/bpf_helpers.h>

/*
 * A kubelet runs 110 pods by default and 500 at most in practice; with three containers and a pod level each that is 2000
 * cgroups, so twice that.
 */
#define SLOTS 4096

/* State of one observed cgroup, shared with user space by mmap. Slot 0 is never used: it stands for "not observed". */
struct cgroup_state {
	u64 id;
	/* Changes when the slot is given up, so that cgroups nested in the former owner do not follow the next one. */
	u32 sequence;
	/* Part of every key in `seen`: raising it makes learning forget. Never goes back, not even for the slot's next owner. */
	u32 epoch;
	u64 ring_drops;
	u64 map_full;
	u64 truncated;
	u32 slot;
	u32 reserved[5];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct cgroup_state);
} cgroup_states SEC(".maps");

/* Which cgroups are observed; those nested in an observed one share its slot. */
struct cgroup_entry {
	u32 slot;
	u32 sequence;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * SLOTS);
	__type(key, u64);
	__type(value, struct cgroup_entry);
} cgroups SEC(".maps");

/* First in, first out: a slot rests as long as possible, so that late questions about its last owner find it untouched. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, SLOTS);
	__type(value, u32);
} free_slots SEC(".maps");

/* Cgroups whose new children are observed from birth, and for how many levels down that holds. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u32);
} watched SEC(".maps");

/* The last answer of the cgroup filter: most calls on a CPU come from the cgroup of the call before. */
struct filter_cache {
	u64 id;
	u32 generation;
	u32 slot;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct filter_cache);
} filter_cache SEC(".maps");

/* What a container's executable has already been seen to do. */
struct seen_key {
	/* dentry and salted name hash of a file; address of a peer; hash of a DNS question */
	u64 object;
	u64 object_detail;
	/* inode and device of the executable */
	u64 executable;
	u32 slot;
	u32 epoch;
	/* mount of a file; port and protocol of a peer */
	u32 place;
	/* record type in the low byte, kind of access above */
	u32 access;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct seen_key);
	__type(value, u32);
} seen SEC(".maps");

struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *mount_root;
	u32 offset;
	u16 components;
	u16 flags;
	u32 complete;
};

/*
 * Records are put together here, because they are larger than the 512 bytes of stack. Classic tracepoint programs run with
 * preemption disabled and none of ours fires in an interrupt, so one per CPU is enough; the cgroup programs, which newer
 * kernels may preempt, have one of their own.
 */
enum { SCRATCH_TASK, SCRATCH_CGROUP, SCRATCHES };
struct scratch {
	struct path_walk walk;
	union {
		struct record_header header;
		struct record_exec exec;
		struct record_fork fork;
		struct record_exit exit;
		struct record_open open;
		struct record_socket socket;
		struct record_dns dns;
		struct record_cgroup cgroup;
		u8 bytes[RECORD_MAX];
	};
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* Programs by kind of system call, for the dispatcher's tail calls. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SYSCALL_KINDS);
	__type(key, enum syscall_kind);
	__type(value, u32);
} handlers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} events SEC(".maps");

/* Shared with user space by mmap; all counters only grow. */
struct counters {
	u64 emitted;
	u64 ring_drops;
	u64 map_full;
	u64 truncated;
	u64 user_faults;
};
struct counters counters = {};
/* Raised whenever `cgroups` changes: invalidates the filter caches of all CPUs. */
u32 generation = 0;
/* Set by the reader before it sleeps, cleared by whoever wakes it: a burst of records costs one wakeup. */
u32 reader_waiting = 0;

#endif
