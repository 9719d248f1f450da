/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deduplication for learning: what an executable of a container has done once in an epoch is not reported again. By
 * executable and not by process, because a shell loop of short commands would otherwise repeat itself endlessly.
 */
#ifndef SEEN_H
#define SEEN_H

#include "emit.h"

static __always_inline void seen_key_of(struct seen_key *key, u8 type, struct task_struct *task,
					struct cgroup_state *state)
{
	struct inode *executable = task->mm->exe_file->f_inode;

	key->object = 0;
	key->object_detail = 0;
	key->executable = executable->i_ino ^ (u64)executable->i_sb->s_dev << 40;
	key->slot = state->slot;
	key->epoch = state->epoch;
	key->place = 0;
	key->access = type;
}

static __always_inline bool seen_before(struct seen_key *key)
{
	return bpf_map_lookup_elem(&seen, key) != NULL;
}

/*
 * Only after the record went into the ring: what was dropped is tried again when it happens again. A failed insert (no memory for an LRU node at that moment) is no loss: the same thing is only
 * reported once more.
 */
static __always_inline void remember(struct seen_key *key)
{
	u32 one = 1;

	bpf_map_update_elem(&seen, key, &one, BPF_ANY);
}

#define HASHED_MAX 256
struct hashed_bytes {
	u8 bytes[HASHED_MAX];
};

/*
 * Of at most HASHED_MAX bytes. ASCII letters are folded, for DNS resolvers that randomise their case; paths that differ in
 * case alone are rare enough. Global: verified once.
 */
__noinline u64 hash_bytes(struct hashed_bytes *data, u32 size)
{
	u64 hash = hash_seed ^ size;

	if (!data)
		return 0;
	for (u32 i = 0; i < HASHED_MAX; i++) {
		s32 byte = data->bytes[i];

		if (i >= size)
			break;
		/* tolower() by arithmetic: a branch would double the states that the verifier has to follow. */
		byte |= (byte - 'Z' - 1) >> 31 & ~((byte - 'A') >> 31) & 0x20;
		hash = (hash ^ byte) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

#endif
