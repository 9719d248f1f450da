/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process that a call is aimed at. A program names it by a number of its own pid namespace, which says nothing outside of
 * that: the kernel's table of the namespace (a radix tree behind an idr) leads from the number to the task.
 */
#ifndef CALL_TARGETS_H
#define CALL_TARGETS_H

#include "process.h"

/* Six bits for each level of the tree, and pids have 22 bits at most. */
#define TREE_LEVELS 4
#define TREE_BITS 6
/* A pointer to a node of the tree carries 2 in its low bits (xa_to_node). */
#define TREE_NODE 2

/* Numbers of a pid at one level of its namespaces. */
static __always_inline struct upid *numbers_at(struct pid *pid, u32 level)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + (u64)level * bpf_core_type_size(struct upid);
}

/* Unlocked: what is found is checked by its own number, for the tree may change meanwhile. NULL if there is none. */
static __always_inline struct pid *find_pid(struct task_struct *task, u32 number)
{
	struct pid *own = BPF_CORE_READ(task, thread_pid), *found;
	u32 level = BPF_CORE_READ(own, level);
	struct upid *upid = numbers_at(own, level);
	struct pid_namespace *namespace = BPF_CORE_READ(upid, ns);
	u64 entry = (u64)BPF_CORE_READ(namespace, idr.idr_rt.xa_head);

#pragma unroll
	for (int i = 0; i < TREE_LEVELS; i++) {
		struct xa_node *node = (void *)(entry - TREE_NODE);
		u64 slot;

		if ((entry & 3) != TREE_NODE)
			break;
		slot = number >> BPF_CORE_READ(node, shift) & ((1 << TREE_BITS) - 1);
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) + slot * sizeof(entry));
	}
	found = (void *)entry;
	if (!found || entry & 3)
		return NULL;
	upid = numbers_at(found, level);
	return BPF_CORE_READ(upid, nr) == number && BPF_CORE_READ(upid, ns) == namespace ? found : NULL;
}

/* A pidfd is a file of its own file system since 6.9, and one of the anonymous ones before. */
static __always_inline struct pid *pid_of_fd(struct task_struct *task, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct pid *pid;

	if (!file)
		return NULL;
	pid = BPF_CORE_READ(file, f_inode, i_private);
	return pid ? pid : BPF_CORE_READ(file, private_data);
}

static __always_inline void target_of_pid(struct record_target *target, struct pid *pid)
{
	struct hlist_node *first;
	struct task_struct *task, *leader;

	if (!pid)
		return;
	first = BPF_CORE_READ(pid, tasks[0].first);
	if (!first)
		return;
	task = (void *)first - bpf_core_field_offset(struct task_struct, pid_links);
	leader = BPF_CORE_READ(task, group_leader);
	target->pid = visible_pid(leader);
	if (!target->pid)
		return;
	target->started_at = BPF_CORE_READ(leader, start_boottime);
	target->exec_id = BPF_CORE_READ(leader, self_exec_id);
}

#define PTRACE_TRACEME 0

/* By the argument that names the process. Groups of processes (numbers that are not positive) are no single target. */
static __always_inline void find_target(struct record_target *target, struct task_struct *task,
					struct record_call_facts *call)
{
	s32 number = 0;

	__builtin_memset(target, 0, sizeof(*target));
	switch (call->kind) {
	case SYSCALL_PIDFD_SEND_SIGNAL:
	case SYSCALL_PIDFD_GETFD:
		/* Other failures may mean that it is no pidfd, and nothing is known of its insides then. */
		if (call->retval >= 0 || call->retval == -EPERM || call->retval == -ESRCH)
			target_of_pid(target, pid_of_fd(task, call->arguments[0]));
		return;
	case SYSCALL_SETRLIMIT:
		target_of_pid(target, BPF_CORE_READ(task, thread_pid));
		return;
	case SYSCALL_PTRACE:
		number = call->arguments[0] == PTRACE_TRACEME ? 0 : call->arguments[1];
		break;
	case SYSCALL_TGKILL:
	case SYSCALL_RT_TGSIGQUEUEINFO:
		number = call->arguments[1];
		break;
	case SYSCALL_PRLIMIT64:
		number = call->arguments[0];
		if (!number) {
			target_of_pid(target, BPF_CORE_READ(task, thread_pid));
			return;
		}
		break;
	case SYSCALL_PROCESS_VM_READV:
	case SYSCALL_PROCESS_VM_WRITEV:
	case SYSCALL_KILL:
	case SYSCALL_TKILL:
	case SYSCALL_RT_SIGQUEUEINFO:
		number = call->arguments[0];
		break;
	default:
		return;
	}
	if (number > 0)
		target_of_pid(target, find_pid(task, number));
}

#endif
