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
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
};
/* Only for their names: members of kernel types are found by the name of an enumeration, too. */
enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC = 0 };
enum bpf_attach_type { BPF_CGROUP_INET_INGRESS = 0 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_F_MMAPABLE = 1 << 10 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000
#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define EAGAIN 11
#define EACCES 13
#define EFAULT 14
#define EINVAL 22
#define EROFS 30
#define EINPROGRESS 115
#define CLONE_PARENT 0x00008000
#define CLONE_THREAD 0x00010000
#define SIGNAL_GROUP_EXIT 0x00000004
#define FMODE_CREATED 0x100000
#define FMODE_EXEC 0x20
#define PF_IO_WORKER 0x10

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp, orig_ax;
};
struct thread_info {
	u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
};
struct thread_info {
	unsigned long flags;
};
#endif

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
struct file_system_type {
	const char *name;
};
struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
};
struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	void *i_private;
};
/* Times of a file have been kept in three ways: up to 6.5, up to 6.10 (6.6 renamed only the second), and since. */
struct inode___plain {
	struct timespec64 i_mtime, i_ctime;
};
struct inode___hidden {
	struct timespec64 __i_mtime, __i_ctime;
};
struct inode___split {
	s64 i_mtime_sec, i_ctime_sec;
	u32 i_mtime_nsec, i_ctime_nsec;
};
struct qstr {
	union {
		struct {
			u32 hash;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;
typedef struct seqcount_spinlock {
	seqcount_t seqcount;
} seqcount_spinlock_t;
struct dentry {
	seqcount_spinlock_t d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
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
	int mnt_id;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode, f_flags;
	void *private_data;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	int umask;
	struct path root, pwd;
};
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long task_size;
	struct file *exe_file;
};
struct vm_area_struct {
	struct file *vm_file;
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
struct xarray {
	void *xa_head;
};
struct xa_node {
	unsigned char shift;
	void *slots[64];
};
struct idr {
	struct xarray idr_rt;
};
struct pid_namespace {
	struct idr idr;
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct hlist_head tasks[1];
	struct upid numbers[1];
};
/* 64 bits in every kernel; two words of 32 before 6.3. */
typedef struct {
	u64 val;
} kernel_cap_t;
struct cred {
	kuid_t uid, euid, fsuid;
	kgid_t gid, egid, fsgid;
	kernel_cap_t cap_permitted, cap_effective;
};
struct tty_struct {
	char name[64];
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
	unsigned int flags;
	int group_exit_code;
	struct tty_struct *tty;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid, tgid;
	struct task_struct *group_leader, *real_parent;
	struct list_head children, sibling;
	struct pid *thread_pid;
	struct hlist_node pid_links[1];
	u64 start_boottime;
	u64 self_exec_id;
	struct files_struct *files;
	struct fs_struct *fs;
	struct mm_struct *mm;
	kuid_t loginuid;
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
	u16 sk_type;
	u16 sk_protocol;
};
struct sockaddr_un {
	u16 sun_family;
};
struct unix_address {
	int len;
	struct sockaddr_un name[0];
};
struct unix_sock {
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};
struct socket {
	struct sock *sk;
};

struct pipe_buffer {
	unsigned int flags;
};
struct pipe_inode_info {
	unsigned int head, ring_size;
	struct pipe_buffer *bufs;
};
struct proc_inode {
	struct ctl_table_header *sysctl;
	struct inode vfs_inode;
};

struct bpf_map {
	enum bpf_map_type map_type;
	char name[16];
};
struct bpf_prog_aux {
	char name[16];
};
struct bpf_prog {
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	u8 tag[8];
	struct bpf_prog_aux *aux;
};

/* Records of the classic tracepoints. The members are those of the kernel's own trace_event_raw_* types. */
struct trace_event_raw_sys_exit {
	long id;
	long ret;
};
struct trace_event_raw_sched_process_exec {
	u32 __data_loc_filename;
};
struct user_namespace {
	struct ns_common ns;
};
struct trace_event_raw_cap_capable {
	struct user_namespace *target_ns;
	int cap;
	int ret;
};
struct trace_event_raw_task_newtask {
	int pid;
	unsigned long clone_flags;
};

#pragma clang attribute pop

#endif
