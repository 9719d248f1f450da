/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Buffers for programs of security hooks. Nothing keeps those from running into each other: a task may be preempted in the
 * middle of one, and the next task on that CPU begins another. So each claims one of a few buffers of its CPU.
 */
#ifndef SCRATCH_POOL_H
#define SCRATCH_POOL_H

#include "emit.h"

/* Its index; 0 if as many tasks were preempted with one in their hands, which the caller counts as what did not fit. */
static __always_inline u32 claim_scratch(void)
{
#pragma unroll
	for (u32 i = 0; i < POOLED_SCRATCHES; i++) {
		struct scratch *buffer = get_scratch(SCRATCH_POOL + i);

		if (buffer && !__sync_val_compare_and_swap(&buffer->claimed, 0, 1))
			return SCRATCH_POOL + i;
	}
	return 0;
}

static __always_inline void release_scratch(u32 which)
{
	struct scratch *buffer = get_scratch(which);

	if (buffer)
		__sync_val_compare_and_swap(&buffer->claimed, 1, 0);
}

#endif
