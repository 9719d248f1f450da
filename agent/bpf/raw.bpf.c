// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The classic variant at a cheaper hook of the same place, for kernels that disable preemption around its programs. Others let
 * them be preempted while they hold a per-CPU guard, and calls of other tasks pass unseen: agent/kernel/preemption.ts.
 */
#define RAW_SYSCALLS 1
#include "classic.bpf.c"
