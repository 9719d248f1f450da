/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Constants that user space sets before the programs are loaded. The maps behind them are frozen by then, so the verifier
 * knows their values and removes the branches not taken.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "kernel-types.h"

/* Whose cgroup ids are used: those of the unified (v2) hierarchy, or of the v1 hierarchy that has this controller. */
enum cgroup_source {
	CGROUP_UNIFIED = 0,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_CPU,
	CGROUP_CPUSET,
	CGROUP_FREEZER,
};
const volatile enum cgroup_source cgroup_source = CGROUP_UNIFIED;
/* The same hierarchy, as `cgroup_mkdir` numbers it: that tracepoint fires once for each of a container's v1 hierarchies. */
const volatile u32 cgroup_hierarchy = 0;

/* Inode of the pid namespace in whose numbers processes are reported. */
const volatile u32 pid_namespace = 0;

/* Records may pile up to this many bytes before the reader is woken; a wakeup costs more than the record itself. */
const volatile u32 wake_bytes = 64 << 10;
/* An exec wakes the reader at once. */
const volatile u32 wake_on_exec = 1;

/* Start value of hashes, different at every load, so that nobody can prepare two names that count as one. */
const volatile u64 hash_seed = 0;

/* How a system call number is handled; 0 = not at all. Filled from the table of the architecture. */
enum syscall_kind {
	SYSCALL_IGNORED = 0,
	SYSCALL_OPEN,
	SYSCALL_CREAT,
	SYSCALL_OPENAT,
	SYSCALL_OPENAT2,
	SYSCALL_OPEN_HANDLE,
	SYSCALL_CONNECT,
	SYSCALL_BIND,
	SYSCALL_LISTEN,
	SYSCALL_ACCEPT,
	SYSCALL_SENDTO,
	SYSCALL_WRITE,
	SYSCALL_SENDMSG,
	SYSCALL_WRITEV,
	SYSCALL_SENDMMSG,
	SYSCALL_RECVFROM,
	SYSCALL_RECVMSG,
	SYSCALL_KINDS,
};
/* Highest number in use is below 470 on every architecture; the last entry takes what is out of range and stays 0. */
#define SYSCALLS_MAX 512
const volatile u8 syscall_kinds[SYSCALLS_MAX] = {};

#endif
