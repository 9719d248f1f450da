/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel types that the programs read. CO-RE relocates by member name against the running kernel's BTF, so a
 * type holds only the members in use, in any order, and no generated vmlinux.h of several megabytes is needed.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)

/* Parts of the user-space API (linux/bpf.h) and of the kernel's constants that are fixed for ever. */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_F_MMAPABLE = 1 << 10 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define EPERM 1
#define EACCES 13
#define EROFS 30
#define EINPROGRESS 115
#define CLONE_PARENT 0x00008000
#define CLONE_THREAD 0x00010000
#define SIGNAL_GROUP_EXIT 0x00000004
#define FMODE_CREATED 0x100000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9;
};
struct thread_info {
	u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
};
struct thread_info {
	unsigned long flags;
};
#endif

struct list_head {
	struct list_head *next, *prev;
};

struct super_block {
	u32 s_dev;
};
struct inode {
	u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
};
struct qstr {
	union {
		u64 hash_len;
	};
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct mnt_namespace;
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct mnt_namespace *mnt_ns;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode;
	void *private_data;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct kernfs_node {
	u64 id;
};
struct cgroup;
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};
/* Values are the running kernel's: they depend on its configuration. */
enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	memory_cgrp_id,
	freezer_cgrp_id,
	pids_cgrp_id,
};

struct ns_common {
	unsigned int inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct pid_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
typedef struct {
	u32 val;
} kuid_t;
struct cred {
	kuid_t uid;
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
	unsigned int flags;
	int group_exit_code;
};
struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	struct task_struct *group_leader, *real_parent;
	struct list_head children, sibling;
	struct pid *thread_pid;
	u64 start_boottime;
	u64 self_exec_id;
	struct files_struct *files;
	struct mm_struct *mm;
	struct css_set *cgroups;
	const struct cred *cred;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	int exit_code;
};

struct in6_addr {
	u8 s6_addr_bytes[16];
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num, skc_family;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
};
struct socket {
	struct sock *sk;
};

/* Records of the classic tracepoints. The members are those of the kernel's own trace_event_raw_* types. */
struct trace_event_raw_sys_exit {
	long id;
	long ret;
};
struct trace_event_raw_sched_process_exec {
	u32 __data_loc_filename;
};
struct trace_event_raw_task_newtask {
	int pid;
	unsigned long clone_flags;
};

#pragma clang attribute pop

/*
 * Argument `n` of the system call that a task is returning from. At exit only the result register has changed; arm64
 * puts the result where the first argument was, and keeps that argument in orig_x0.
 */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_ARG0(regs) ((regs)->di)
#define SYSCALL_ARG1(regs) ((regs)->si)
#define SYSCALL_ARG2(regs) ((regs)->dx)
#define SYSCALL_ARG4(regs) ((regs)->r8)
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_ARG0(regs) ((regs)->orig_x0)
#define SYSCALL_ARG1(regs) ((regs)->regs[1])
#define SYSCALL_ARG2(regs) ((regs)->regs[2])
#define SYSCALL_ARG4(regs) ((regs)->regs[4])
#else
#error "add the argument registers of this architecture"
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
