/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All state of the programs. Every map is bounded; what they take together, at two CPUs:
 *
 *	events		 2 MB, mapped twice by the reader; user space chooses the size
 *	seen		 65536 x (40 key + 4 value + 64 of the kernel's) = 7 MB
 *	cgroup_states	 4096 x 72 = 288 KB
 *	syscall_sets	 4096 x 512 = 2 MB
 *	cgroups		 16384 x (8 key + 8 value + 56) = 1.2 MB
 *	members		 32768 x (4 key + 16 value + 60) = 2.6 MB
 *	watched		 1024 x 72 = 72 KB
 *	free_slots	 4096 x 4 = 16 KB
 *	approvers	 1024 x 48 = 48 KB
 *	approver_lists	 0.7 MB
 *	unapproved	 1.6 MB
 *	scratch		 2 x 23 KB for each CPU, 6 in the LSM variant
 */
#ifndef MAPS_H
#define MAPS_H

#include "call-records.h"
#include "config.h"
#include "records.h"
#include <bpf/bpf_helpers.h>

/*
 * A kubelet runs 110 pods by default and 500 at most in practice; with three containers and a pod level each that is 2000
 * cgroups, so twice that.
 */
#define SLOTS 4096

enum blind_spot {
	/* Requests that the kernel carries out without a system call. */
	BLIND_SPOT_IO_URING = 1,
	/* Calls by the table of 32-bit programs. */
	BLIND_SPOT_COMPAT = 2,
	/* A task went to, or was born in, a cgroup that does not count for it. */
	BLIND_SPOT_LEFT_CGROUP = 4,
};

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
	/* Cgroups that share the slot, made below this one. */
	u32 nested;
	/* Mask of enum blind_spot: ways past the programs that it has gone. Stays for the life of the container. */
	enum blind_spot blind_spots;
	/* Inode of the mount namespace of who made it: the runtime, among the host's mounts. 0 if nobody told. */
	u32 maker_mounts;
	/* Those that its programs used, as bits. */
	u64 capabilities;
	/* Programs that came in from outside, the container's own first one included: 0, 1, or more than one. */
	u32 entered;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct cgroup_state);
} cgroup_states SEC(".maps");

/*
 * The system calls that programs of an observed cgroup made, by number: a byte each, so that a plain store is enough. A page
 * holds eight of them; pages that no slot has used yet take no room in the reader.
 */
struct syscall_set {
	u8 made[SYSCALLS_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct syscall_set);
} syscall_sets SEC(".maps");

/*
 * Which cgroups are observed; those nested in an observed one share its slot, at most NESTED_MAX of a container (one that runs
 * systemd has a hundred, one that is a node itself some hundreds): else one that makes thousands would leave no room for the
 * containers that come after it.
 */
#define NESTED_MAX 1024
struct cgroup_entry {
	u32 slot;
	u32 sequence;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * SLOTS);
	__type(key, u64);
	__type(value, struct cgroup_entry);
} cgroups SEC(".maps");

/*
 * Each process of an observed cgroup, by its topmost number, from its birth, its exec or its coming into the cgroup until it
 * ends. A node of 110 pods has some thousands; the kernel's default allows 32,768 processes.
 */
struct member {
	u32 slot;
	u32 sequence;
	/* With which program its lineage came in: enum origin, or a hash of the command. */
	u64 origin;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct member);
} members SEC(".maps");

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
	/* dentry and path of a file; address of a peer; hash of a DNS question */
	u64 object;
	u64 object_detail;
	/* which executable, and with whom it came in: executable_of(), origin_of() */
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
	/* Where each component begins. */
	u16 offsets[PATH_COMPONENTS_MAX];
};

/* NAME_MAX (255) and the NUL. */
#define COMPONENT_MAX 256
struct name_bytes {
	u64 words[COMPONENT_MAX / 8];
};

/* What is known of a call about paths before its record is put together. Arguments count from 1 on; 0 is none. */
#define PATH_ARGUMENTS 8
struct path_work {
	u64 arguments[PATH_ARGUMENTS];
	struct path first;
	struct path second;
	u32 name_size;
	u32 second_size;
	u32 flags;
	/* The first path is that of the file itself, not where a string begins. */
	u32 known;
};

/*
 * Records are put together here, because they are larger than the 512 bytes of stack. Programs at system calls and tasks run
 * with preemption disabled and none of ours fires in an interrupt, so one per CPU is enough; the cgroup programs, which newer
 * kernels may preempt, have one of their own. Programs that preempt each other claim one of several, see scratch-pool.h.
 */
#ifndef POOLED_SCRATCHES
#define POOLED_SCRATCHES 0
#endif
enum { SCRATCH_TASK, SCRATCH_CGROUP, SCRATCH_POOL, SCRATCHES = SCRATCH_POOL + POOLED_SCRATCHES };
struct scratch {
	/* 1 while a program has claimed it. */
	u32 claimed;
	struct path_walk walk;
	struct name_bytes name;
	struct path_work work;
	union {
		struct record_header header;
		struct record_exec exec;
		struct record_fork fork;
		struct record_exit exit;
		struct record_open open;
		struct record_path_change path_change;
		struct record_socket socket;
		struct record_socket_made socket_made;
		struct record_socket_option socket_option;
		struct record_unix unix_socket;
		/* Put together on the stack; here, so that its layout is in the BTF. */
		struct record_capability capability;
		struct record_dns dns;
		struct record_cgroup cgroup;
		struct record_call call;
		struct record_file_call file_call;
		struct record_credentials_call credentials_call;
		struct record_bpf bpf;
		u8 bytes[RECORD_MAX];
	};
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/*
 * What rules could match. An approver is a condition that every event of one rule fulfils; it has a rate of its own. The
 * default policy of 260 rules needs about as many, so two sets of 511 leave room. The first of each is for what the conditions
 * cannot be asked of, see approve_unchecked().
 */
#define APPROVERS_IN_SET 512
struct approver {
	/* Nanoseconds between two events that pass, after a first burst of `tolerance` nanoseconds; 0: no limit. */
	u64 interval;
	u64 tolerance;
	/* When the next event is due at that rate. */
	u64 due;
	u64 passed;
	u64 limited;
	/* One of these must be set, flags of open(2) or capabilities modulo 32; 0: no condition. */
	u32 flags;
	/* Wakes the reader at once. */
	u32 urgent;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * APPROVERS_IN_SET);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct approver);
} approvers SEC(".maps");

enum approval {
	APPROVE_ANY = 1,
	/* By the base name of the file. */
	APPROVE_NAME = 2,
	/* By a directory above it, at most PREFIX_DEPTH names below the root. */
	APPROVE_PREFIX = 4,
};
#define PREFIX_DEPTH 8

struct approver_key {
	/* Of a name, or of the names of a prefix from the root down; 0 for APPROVE_ANY. */
	u64 hash;
	u32 set;
	u16 type;
	enum approval how : 16;
};
/* Rules that share a condition; the list ends with the first 0. */
#define APPROVERS_OF_KEY 8
struct approver_list {
	u16 indexes[APPROVERS_OF_KEY];
};
/* Some 1,100 names and prefixes in the default policy; two sets of 4,096: 8192 x (16 key + 16 value + 56) = 0.7 MB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct approver_key);
	__type(value, struct approver_list);
} approver_lists SEC(".maps");

/*
 * Files that no approver wants by name or prefix, so that neither need be looked at again. The key holds a coarse clock,
 * because a renamed directory changes the prefix and not the dentry. 16384 x (32 + 4 + 64) = 1.6 MB.
 */
struct unapproved_key {
	u64 dentry;
	/* Salted name hash. */
	u64 name;
	u64 mount;
	u32 set;
	u32 era;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct unapproved_key);
	__type(value, u32);
} unapproved SEC(".maps");

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
/*
 * What rules want, whatever cgroup it comes from: for each record type the ways in which something can be approved (enum
 * approval), and a bit for each kind of system call behind them.
 */
u8 rule_types[RECORD_TYPES] = {};
u64 rule_kinds[SYSCALL_KINDS / 64] = {};
/* Which set of approvers holds. A new one is written whole beside the old one, and then this is changed. */
u32 approver_set = 0;
/* Slots in use: while there are none, calls that nothing else is wanted of cost nothing more. */
u32 slots_taken = 0;
/* Raised whenever `cgroups` changes: invalidates the filter caches of all CPUs. */
u32 generation = 0;
/* Set by the reader before it sleeps, cleared by whoever wakes it: a burst of records costs one wakeup. */
u32 reader_waiting = 0;

#endif
