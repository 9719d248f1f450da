/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Constants that user space sets before the programs are loaded. The maps behind them are frozen by then, so the verifier
 * knows their values and removes the branches not taken.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "system-call.h"

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
	SYSCALL_SOCKET = 17,
	SYSCALL_SETSOCKOPT = 18,
	SYSCALL_READ = 19,
	SYSCALL_READV = 20,
	SYSCALL_RECVMMSG = 21,
	SYSCALL_UNLINK = 32,
	SYSCALL_UNLINKAT = 33,
	SYSCALL_RMDIR = 34,
	SYSCALL_RENAME = 35,
	SYSCALL_RENAMEAT = 36,
	SYSCALL_RENAMEAT2 = 37,
	SYSCALL_MKDIR = 38,
	SYSCALL_MKDIRAT = 39,
	SYSCALL_CHMOD = 40,
	SYSCALL_FCHMOD = 41,
	SYSCALL_FCHMODAT = 42,
	SYSCALL_FCHMODAT2 = 43,
	SYSCALL_CHOWN = 44,
	SYSCALL_LCHOWN = 45,
	SYSCALL_FCHOWN = 46,
	SYSCALL_FCHOWNAT = 47,
	SYSCALL_LINK = 48,
	SYSCALL_LINKAT = 49,
	SYSCALL_SYMLINK = 50,
	SYSCALL_SYMLINKAT = 51,
	SYSCALL_MKNOD = 52,
	SYSCALL_MKNODAT = 53,
	SYSCALL_UTIMES = 54,
	SYSCALL_FUTIMESAT = 55,
	SYSCALL_UTIMENSAT = 56,
	SYSCALL_SETXATTR = 57,
	SYSCALL_LSETXATTR = 58,
	SYSCALL_FSETXATTR = 59,
	SYSCALL_SETXATTRAT = 60,
	SYSCALL_REMOVEXATTR = 61,
	SYSCALL_LREMOVEXATTR = 62,
	SYSCALL_FREMOVEXATTR = 63,
	SYSCALL_REMOVEXATTRAT = 64,
	SYSCALL_TRUNCATE = 65,
	SYSCALL_FTRUNCATE = 66,
	SYSCALL_CHDIR = 67,
	SYSCALL_FCHDIR = 68,
	SYSCALL_CHROOT = 69,

	SYSCALL_IO_URING_SETUP = 80,
	SYSCALL_IO_URING_ENTER,
	SYSCALL_IO_URING_REGISTER,
	SYSCALL_MOUNT,
	SYSCALL_UMOUNT,
	SYSCALL_PIVOT_ROOT,
	SYSCALL_OPEN_TREE,
	SYSCALL_MOVE_MOUNT,
	SYSCALL_FSOPEN,
	SYSCALL_FSCONFIG,
	SYSCALL_FSMOUNT,
	SYSCALL_MOUNT_SETATTR,
	SYSCALL_UNSHARE,
	SYSCALL_SETNS,
	SYSCALL_PTRACE,
	SYSCALL_PROCESS_VM_READV,
	SYSCALL_PROCESS_VM_WRITEV,
	SYSCALL_KILL,
	SYSCALL_TKILL,
	SYSCALL_TGKILL,
	SYSCALL_PIDFD_SEND_SIGNAL,
	SYSCALL_RT_SIGQUEUEINFO,
	SYSCALL_RT_TGSIGQUEUEINFO,
	SYSCALL_PRCTL,
	SYSCALL_MEMFD_CREATE,
	SYSCALL_MMAP,
	SYSCALL_MPROTECT,
	SYSCALL_PKEY_MPROTECT,
	SYSCALL_SPLICE,
	SYSCALL_TEE,
	SYSCALL_VMSPLICE,
	SYSCALL_BPF,
	SYSCALL_PERF_EVENT_OPEN,
	SYSCALL_INIT_MODULE,
	SYSCALL_FINIT_MODULE,
	SYSCALL_DELETE_MODULE,
	SYSCALL_SETUID,
	SYSCALL_SETREUID,
	SYSCALL_SETRESUID,
	SYSCALL_SETFSUID,
	SYSCALL_SETGID,
	SYSCALL_SETREGID,
	SYSCALL_SETRESGID,
	SYSCALL_SETFSGID,
	SYSCALL_CAPSET,
	SYSCALL_SETRLIMIT,
	SYSCALL_PRLIMIT64,
	SYSCALL_PWRITE64,
	SYSCALL_SETGROUPS,
	SYSCALL_KEXEC_LOAD,
	SYSCALL_KEXEC_FILE_LOAD,
	SYSCALL_USERFAULTFD,
	SYSCALL_KEYCTL,
	SYSCALL_ADD_KEY,
	SYSCALL_REQUEST_KEY,
	SYSCALL_PIDFD_GETFD,
	SYSCALL_SENDFILE,
	/* No system calls but places where other programs go on: writes to files that control the kernel, ... */
	SYSCALL_CONTROL_WRITE,
	/* ... open_by_handle_at, which is more than an open, ... */
	SYSCALL_BY_HANDLE,
	/* ... and calls by the table of 32-bit programs. */
	SYSCALL_COMPAT,
};
/* Those from SYSCALL_UNLINK up to this one change names and attributes of files. */
#define SYSCALL_PATH_LAST SYSCALL_CHROOT
/* Kinds are indexes of `handlers` and bits of `rule_kinds`, and so below this. */
#define SYSCALL_KINDS 256
/* Highest number in use is below 470 on every architecture; the last entry takes what is out of range and stays 0. */
#define SYSCALLS_MAX 512
const volatile u8 syscall_kinds[SYSCALLS_MAX] = {};
/* Calls in which the use of CAP_SYS_ADMIN is believed, see syscall-set.h; as bits. */
const volatile u64 admin_calls[SYSCALLS_MAX / 64] = {};
/* Kinds that learning takes, as bits; the others are looked at only while a rule wants them. */
const volatile u64 learned_kinds[SYSCALL_KINDS / 64] = {};

#endif
