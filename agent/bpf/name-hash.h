/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hashes of names, the same as agent/kernel/name-hash.ts computes. */
#ifndef NAME_HASH_H
#define NAME_HASH_H

#include "path-walk.h"

/* Spreads a number over 64 bits. */
#define SPREAD 0x9e3779b97f4a7c15ULL
#define EACH_BYTE 0x0101010101010101ULL

/* tolower() of eight characters, without branches, each of which would double the states that the verifier follows. */
static __always_inline u64 fold_case(u64 word)
{
	u64 low_bits = word & 0x7f * EACH_BYTE;
	u64 from_a = low_bits + (0x80 - 'A') * EACH_BYTE, after_z = low_bits + (0x7f - 'Z') * EACH_BYTE;
	u64 upper = ~word & (from_a ^ after_z) & 0x80 * EACH_BYTE;

	return word | upper >> 2;
}

/* One round for eight characters. */
static __always_inline u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ fold_case(word)) * SPREAD;
	return hash ^ hash >> 29;
}

/* The bytes of a little-endian word before its first NUL, the rest cleared; all of them if there is none. */
static __always_inline u64 before_nul(u64 word)
{
	u64 nul = (word - EACH_BYTE) & ~word & 0x80 * EACH_BYTE;

	return nul ? word & ((nul & -nul) - 1) >> 7 : word;
}

/* Of a name that ends with NUL, going on from `hash`. Global: verified once in each program. */
__noinline u64 hash_name(struct name_bytes *name, u64 hash)
{
	if (!name)
		return 0;
	for (u32 i = 0; i < COMPONENT_MAX / 8; i++) {
		u64 word = name->words[i], kept = before_nul(word);

		hash = mix(hash, kept);
		if (kept != word || !(word >> 56))
			break;
	}
	return hash;
}

#endif
