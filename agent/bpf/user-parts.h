/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* User memory that a call names in parts. */
#ifndef USER_PARTS_H
#define USER_PARTS_H

#include "emit.h"

/* So many are put together; DNS over UDP to a resolver is one part, over TCP length and message. */
#define PARTS_MAX 4

/* struct iovec of 64-bit programs. */
struct user_part {
	u64 base;
	u64 size;
};

/*
 * Copies the parts one after another, `max` bytes at most; returns the bytes copied. `max` is a constant, and `to` has room
 * for twice as many: then an overlong part needs no other care.
 */
static __always_inline u64 gather(char *to, u64 parts, u64 count, u64 total, const u64 max)
{
	u64 offset = 0;

	for (int i = 0; i < PARTS_MAX; i++) {
		struct user_part part;
		u64 size;

		if (i >= count || offset >= total || offset >= max)
			break;
		if (bpf_probe_read_user(&part, sizeof(part), (void *)(parts + i * sizeof(part))))
			break;
		size = part.size < total - offset ? part.size : total - offset;
		size = CLAMP(size, max);
		if (bpf_probe_read_user(to + CLAMP(offset, max), size, (void *)part.base)) {
			COUNT(counters.user_faults);
			break;
		}
		offset += size;
	}
	return CLAMP(offset, max);
}

#endif
