/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deduplication for learning: what an executable of a container has done once in an epoch is not reported again. By
 * executable and not by process, because a shell loop of short commands would otherwise repeat itself endlessly; and by what
 * brought it into the container, because what a probe's shell does teaches nothing, and must not hide the same of another.
 */
#ifndef SEEN_H
#define SEEN_H

#include "members.h"
#include "path-identity.h"
#include "rules.h"

/*
 * Which executable: its inode, and the names of it and of the folders above. The inode alone is shared by hard links
 * and goes to the next file when a program that was just built is deleted. Typed pointers make this a dozen plain loads.
 */
static __always_inline u64 executable_of(struct task_struct *task)
{
	struct file *file = task->mm->exe_file;
	struct dentry *dentry = file->f_path.dentry;
	struct inode *inode = file->f_inode;
	u64 hash = inode->i_ino ^ (u64)inode->i_sb->s_dev << 40;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		/* Not hash_len: an older verifier knows no more than the first member of the union and refuses the other half. */
		hash = add_name(hash, dentry->d_name.hash);
		dentry = dentry->d_parent;
	}
	return hash;
}

static __always_inline void seen_key_of(struct seen_key *key, u8 type, struct task_struct *task,
					struct cgroup_state *state)
{
	key->object = 0;
	key->object_detail = 0;
	key->executable = add_name(executable_of(task), origin_of(task, state));
	key->slot = state ? state->slot : 0;
	key->epoch = state ? state->epoch : 0;
	key->place = 0;
	key->access = type;
}

/* Whether it is new to an observed cgroup. */
static __always_inline u32 learning_wants(struct cgroup_state *state, struct seen_key *key)
{
	return state && !bpf_map_lookup_elem(&seen, key) ? PURPOSE_LEARNING : 0;
}

/* The streams that want this record, see WANTED_*; 0 if none does. */
static __always_inline u32 purpose_of(u8 type, struct cgroup_state *state, struct seen_key *key)
{
	return approve_any(type) | learning_wants(state, key);
}

/*
 * Only after the record went into the ring: what was dropped is tried again when it happens again. A failed insert (no memory for an LRU node at that moment) is no loss: the same thing is only
 * reported once more.
 */
static __always_inline void remember(struct seen_key *key, u32 wanted)
{
	u32 one = 1;

	if (wanted & PURPOSE_LEARNING)
		bpf_map_update_elem(&seen, key, &one, BPF_ANY);
}

#define HASHED_MAX 1024
struct hashed_bytes {
	u64 words[HASHED_MAX / 8];
};

/* Of at most HASHED_MAX bytes, with letters of both cases alike if `any_case`. Global: verified once in each program. */
__noinline u64 hash_bytes(struct hashed_bytes *data, u32 size, bool any_case)
{
	u32 words = size / 8, rest = size % 8;
	u64 hash = hash_seed ^ size;

	if (!data)
		return 0;
	for (u32 i = 0; i < HASHED_MAX / 8; i++) {
		u64 word = data->words[i];

		/* What lies behind the end is of an earlier record. */
		if (i >= words)
			word &= (1ULL << 8 * rest) - 1;
		hash = (hash ^ (any_case ? fold_case(word) : word)) * SPREAD;
		hash ^= hash >> 29;
		if (i >= words)
			break;
	}
	return hash;
}

#endif
