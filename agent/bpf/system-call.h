/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the registers of each architecture hold a system call. */
#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H

#include "kernel-types.h"

/*
 * Argument `n` of the system call that a task is returning from. At exit only the result register has changed; arm64
 * puts the result where the first argument was, and keeps that argument in orig_x0.
 */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_NUMBER(regs) ((regs)->orig_ax)
#define SYSCALL_ARG0(regs) ((regs)->di)
#define SYSCALL_ARG1(regs) ((regs)->si)
#define SYSCALL_ARG2(regs) ((regs)->dx)
#define SYSCALL_ARG3(regs) ((regs)->r10)
#define SYSCALL_ARG4(regs) ((regs)->r8)
#define SYSCALL_ARG5(regs) ((regs)->r9)
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_NUMBER(regs) ((regs)->syscallno)
#define SYSCALL_ARG0(regs) ((regs)->orig_x0)
#define SYSCALL_ARG1(regs) ((regs)->regs[1])
#define SYSCALL_ARG2(regs) ((regs)->regs[2])
#define SYSCALL_ARG3(regs) ((regs)->regs[3])
#define SYSCALL_ARG4(regs) ((regs)->regs[4])
#define SYSCALL_ARG5(regs) ((regs)->regs[5])
#else
#error "add the argument registers of this architecture"
#endif

/* The same of a call by the table of 32-bit programs, as six numbers. */
#if defined(__TARGET_ARCH_x86)
#define COMPAT_ARGUMENTS(regs) {(regs)->bx, (regs)->cx, (regs)->dx, (regs)->si, (regs)->di, (regs)->bp}
#elif defined(__TARGET_ARCH_arm64)
#define COMPAT_ARGUMENTS(regs)                                                                                         \
	{(regs)->orig_x0, (regs)->regs[1], (regs)->regs[2], (regs)->regs[3], (regs)->regs[4], (regs)->regs[5]}
#endif

/*
 * A 32-bit system call of a 64-bit kernel carries numbers of another table: on x86 TS_COMPAT is set for its duration, on
 * arm64 TIF_32BIT for the life of the program.
 */
#if defined(__TARGET_ARCH_x86)
#define IS_COMPAT_SYSCALL(task) ((task)->thread_info.status & 2)
#elif defined(__TARGET_ARCH_arm64)
#define IS_COMPAT_SYSCALL(task) ((task)->thread_info.flags & (1UL << 22))
#endif

#endif
