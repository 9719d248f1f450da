/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hook at which system calls are seen. Both are at the same place of the kernel. The classic one has perf copy the call's
 * number and result into a buffer of its own first; the other hands over its arguments as they are.
 */
#ifndef SYSCALL_HOOK_H
#define SYSCALL_HOOK_H

#include "cgroup-filter.h"

#ifndef RAW_SYSCALLS
#define RAW_SYSCALLS 0
#endif

#if RAW_SYSCALLS
struct syscall_exit {
	struct pt_regs *regs;
	long result;
};
#define SYSCALL_HANDLER(name)                                                                                          \
	SEC("tp_btf/sys_exit")                                                                                         \
	int name(struct syscall_exit *ctx)

static __always_inline struct pt_regs *registers_of(struct syscall_exit *ctx, struct task_struct *task)
{
	return ctx->regs;
}

static __always_inline s64 number_of(struct syscall_exit *ctx)
{
	return (s32)SYSCALL_NUMBER(ctx->regs);
}

static __always_inline long result_of(struct syscall_exit *ctx)
{
	return ctx->result;
}
#else
#define syscall_exit trace_event_raw_sys_exit
#define SYSCALL_HANDLER(name)                                                                                          \
	SEC("tp/raw_syscalls/sys_exit")                                                                                \
	int name(struct syscall_exit *ctx)

static __always_inline struct pt_regs *registers_of(struct syscall_exit *ctx, struct task_struct *task)
{
	return registers(task);
}

static __always_inline s64 number_of(struct syscall_exit *ctx)
{
	return ctx->id;
}

static __always_inline long result_of(struct syscall_exit *ctx)
{
	return ctx->ret;
}
#endif

#endif
