/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of processes. Nothing here is deduplicated: lineage needs every step. */
#ifndef PROCESS_H
#define PROCESS_H

#include "path-walk.h"

/*
 * The argument area of the new program image. It was written by this very execve, so its pages are resident; if one has
 * been reclaimed all the same, the part before it is taken.
 */
static __always_inline u64 read_argv(struct record_exec *record, struct mm_struct *mm)
{
	u64 start = mm->arg_start, total = mm->arg_end - start;
	u64 size = CLAMP(total, ARGV_MAX);
	long read;

	record->argv_truncated = total > ARGV_MAX;
	if (!bpf_probe_read_user(record->data, size, (void *)start))
		return size;
	COUNT(counters.user_faults);
	record->argv_truncated = 1;
	read = bpf_probe_read_user_str(record->data, ARGV_MAX, (void *)start);
	return read > 0 ? CLAMP(read, ARGV_MAX) : 0;
}

/* Whether a process is the first of its own pid namespace, which is the innermost of those that number it. */
static __always_inline bool is_namespace_init(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	u64 level = BPF_CORE_READ(pid, level);
	struct upid *own = (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(own, nr) == 1;
}

static __always_inline void executed(struct task_struct *task, struct cgroup_state *state, const char *filename)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct file *file = task->mm->exe_file;
	struct record_exec *record;
	struct path path = {};
	u64 size;
	long read;

	if (!buffer)
		return;
	record = &buffer->exec;
	fill_header(&record->header, RECORD_EXEC, task, state);
	record->inode = file->f_inode->i_ino;
	record->ppid = visible_pid(BPF_CORE_READ(task, real_parent, group_leader));
	record->namespace_init = is_namespace_init(task->group_leader);
	size = read_argv(record, task->mm);
	record->argv_size = size;
	read = bpf_probe_read_kernel_str(record->data + size, FILENAME_MAX, filename);
	read = read > 0 ? CLAMP(read, FILENAME_MAX) : 0;
	record->filename_size = read;
	size += read;
	size = CLAMP(size, ARGV_MAX + FILENAME_MAX);
	bpf_probe_read_kernel(&path, sizeof(path), (void *)file + bpf_core_field_offset(struct file, f_path));
	size += canonical_path(&record->path, record->data + size, &buffer->walk, &path);
	if (record->argv_truncated || record->path.flags & PATH_TRUNCATED)
		count_truncation(state);
	emit(&record->header, sizeof(*record) + size, state, wake_on_exec);
}

/*
 * The child that this thread has just made. The tracepoint names it by its topmost number alone, but copy_process() has
 * already put it at the end of its parent's list of children, to which only this thread adds (a process that inherits
 * orphans may find one of them there instead, hence a few tries).
 */
static __always_inline struct task_struct *newest_child(struct task_struct *parent, int pid)
{
	struct list_head *entry = BPF_CORE_READ(parent, children.prev);

#pragma unroll
	for (int i = 0; i < 4; i++) {
		struct task_struct *child = (void *)entry - bpf_core_field_offset(struct task_struct, sibling);

		if (BPF_CORE_READ(child, pid) == pid)
			return child;
		entry = BPF_CORE_READ(entry, prev);
	}
	return NULL;
}

static __always_inline void forked(struct task_struct *task, struct cgroup_state *state, int pid, u64 clone_flags)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct task_struct *parent = task, *child;
	struct record_fork *record;

	if (!buffer)
		return;
	if (clone_flags & CLONE_PARENT)
		parent = task->real_parent;
	child = newest_child(parent, pid);
	record = &buffer->fork;
	fill_header(&record->header, RECORD_FORK, task, state);
	record->child_pid = child ? visible_pid(child) : pid;
	record->reserved = 0;
	emit(&record->header, sizeof(*record), state, false);
}

/* The status that wait(2) will report: that of exit_group() or of a fatal signal, else the leader's own. */
static __always_inline void exited(struct task_struct *task, struct cgroup_state *state)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct signal_struct *signal = task->signal;
	struct record_exit *record;

	if (!buffer)
		return;
	record = &buffer->exit;
	fill_header(&record->header, RECORD_EXIT, task, state);
	record->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->group_leader->exit_code;
	record->reserved = 0;
	emit(&record->header, sizeof(*record), state, false);
}

#endif
