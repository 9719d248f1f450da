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

#define HASHED_MAX 1024
struct hashed_bytes {
	u64 words[HASHED_MAX / 8];
};

#define EACH_BYTE 0x0101010101010101ULL

/* tolower() of eight characters, without branches, each of which would double the states that the verifier follows. */
static __always_inline u64 fold_case(u64 word)
{
	u64 low_bits = word & 0x7f * EACH_BYTE;
	u64 from_a = low_bits + (0x80 - 'A') * EACH_BYTE, after_z = low_bits + (0x7f - 'Z') * EACH_BYTE;
	u64 upper = ~word & (from_a ^ after_z) & 0x80 * EACH_BYTE;

	return word | upper >> 2;
}

/*
 * Of at most HASHED_MAX bytes. Case is folded, for DNS resolvers that randomise it; paths that differ in case alone are
 * rare enough. Global: verified once in each program.
 */
__noinline u64 hash_bytes(struct hashed_bytes *data, u32 size)
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
		hash = (hash ^ fold_case(word)) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
		if (i >= words)
			break;
	}
	return hash;
}

#endif
