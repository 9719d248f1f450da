/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of processes. Nothing here is deduplicated: lineage needs every step. */
#ifndef PROCESS_H
#define PROCESS_H

#include "file-facts.h"
#include "rules.h"
#include "seen.h"

/* For events that are never deduplicated. */
static __always_inline u32 purpose_of_process(u8 type, struct cgroup_state *state)
{
	return (state ? PURPOSE_LEARNING : 0) | approve_any(type);
}

/*
 * The arguments or the environment of the new program image. They were written by this very execve, so their pages are
 * resident; if one has been reclaimed all the same, the part before it is taken.
 */
static __always_inline u64 read_strings(char *to, u64 start, u64 end, u8 *truncated)
{
	u64 total = end - start, size = CLAMP(total, ARGV_MAX);
	long read;

	*truncated = total > ARGV_MAX;
	if (!bpf_probe_read_user(to, size, (void *)start))
		return size;
	COUNT(counters.user_faults);
	*truncated = 1;
	read = bpf_probe_read_user_str(to, ARGV_MAX, (void *)start);
	return read > 0 ? CLAMP(read, ARGV_MAX) : 0;
}

static __always_inline void read_credentials(struct record_credentials *credentials, struct task_struct *task)
{
	const struct cred *cred = task->cred;

	__builtin_memset(credentials, 0, sizeof(*credentials));
	credentials->uid = cred->uid.val;
	credentials->gid = cred->gid.val;
	credentials->euid = cred->euid.val;
	credentials->egid = cred->egid.val;
	credentials->fsuid = cred->fsuid.val;
	credentials->fsgid = cred->fsgid.val;
	credentials->login_uid = -1;
	if (bpf_core_field_exists(task->loginuid))
		credentials->login_uid = task->loginuid.val;
	bpf_probe_read_kernel(&credentials->cap_effective, sizeof(u64),
			      (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
	bpf_probe_read_kernel(&credentials->cap_permitted, sizeof(u64),
			      (void *)cred + bpf_core_field_offset(struct cred, cap_permitted));
}

/* Where the parts of an exec lie in its data; each begins where the one before ends. */
static __always_inline u64 exec_data(struct record_exec *record, struct scratch *buffer, struct task_struct *task,
				     const char *filename)
{
	struct mm_struct *mm = task->mm;
	struct path cwd = {};
	u64 size, part;
	long read;

	size = read_strings(record->data, mm->arg_start, mm->arg_end, &record->argv_truncated);
	record->argv_size = size;
	read = bpf_probe_read_kernel_str(record->data + size, FILENAME_MAX, filename);
	read = read > 0 ? CLAMP(read, FILENAME_MAX) : 0;
	record->filename_size = read;
	/* The longest that fits with its NUL looks the same as one that was cut, and is as rare. */
	record->filename_truncated = read >= FILENAME_MAX;
	size += read;
	size = CLAMP(size, ARGV_MAX + FILENAME_MAX);
	size += describe_file(&record->file, record->data + size, &buffer->walk, mm->exe_file);
	size = CLAMP(size, ARGV_MAX + FILENAME_MAX + PATH_BYTES_MAX);
	bpf_probe_read_kernel(&cwd, sizeof(cwd), (void *)task->fs + bpf_core_field_offset(struct fs_struct, pwd));
	size += canonical_path(&record->cwd, record->data + size, &buffer->walk, &cwd);
	record->environment_size = 0;
	record->environment_truncated = 0;
	if (!(record->header.purpose & PURPOSE_RULES))
		return size;
	size = CLAMP(size, ARGV_MAX + FILENAME_MAX + 2 * PATH_BYTES_MAX);
	part = read_strings(record->data + size, mm->env_start, mm->env_end, &record->environment_truncated);
	record->environment_size = part;
	return size + part;
}

/* Whether a process is the first of its own pid namespace, which is the innermost of those that number it. */
static __always_inline bool is_namespace_init(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	u64 level = BPF_CORE_READ(pid, level);
	struct upid *own = (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(own, nr) == 1;
}

/* Of everything that tells who entered: the words of the command, and whether there is a terminal. */
static __always_inline u64 hash_command(struct record_exec *record)
{
	u32 size = record->argv_size + record->filename_size;
	u64 hash = record->namespace_init | (record->tty[0] ? 2 : 0);

	for (u32 at = 0; at < ARGV_MAX + FILENAME_MAX; at += HASHED_MAX) {
		if (at >= size)
			break;
		hash = add_name(hash, hash_bytes((struct hashed_bytes *)(record->data + at), CLAMP(size - at, HASHED_MAX), false));
	}
	return hash | ORIGIN_INJECTED;
}

/*
 * A lineage begins with the first program among other mounts than those where the runtime made the cgroup: what the runtime
 * does inside before it becomes that program, it does among its own.
 */
static __always_inline void decide_origin(struct task_struct *task, struct cgroup_state *state, struct record_exec *record)
{
	struct member *member = member_of(task, state);

	if (!member) {
		note_member(task->tgid, state, ORIGIN_OWN);
		return;
	}
	if (member->origin == ORIGIN_UNDECIDED && record->header.mount_namespace != state->maker_mounts)
		member->origin = enters_first(state) ? ORIGIN_OWN : hash_command(record);
}

static __always_inline void executed(struct task_struct *task, struct cgroup_state *state, const char *filename)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_exec *record;
	struct tty_struct *tty;
	u32 wanted = purpose_of_process(RECORD_EXEC, state);
	u64 size;

	if (!buffer || !wanted)
		return;
	record = &buffer->exec;
	fill_header(&record->header, RECORD_EXEC, wanted, task, state);
	read_credentials(&record->credentials, task);
	record->ppid = visible_pid(BPF_CORE_READ(task, real_parent, group_leader));
	record->namespace_init = is_namespace_init(task->group_leader);
	__builtin_memset(record->tty, 0, sizeof(record->tty));
	tty = task->signal->tty;
	if (tty)
		bpf_probe_read_kernel_str(record->tty, TTY_NAME_MAX,
					  (void *)tty + bpf_core_field_offset(struct tty_struct, name));
	size = exec_data(record, buffer, task, filename);
	if (record->argv_truncated || record->environment_truncated || record->filename_truncated ||
	    (record->file.path.flags | record->cwd.flags) & PATH_TRUNCATED)
		count_truncation(state);
	if (state)
		decide_origin(task, state, record);
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
	u32 wanted = purpose_of_process(RECORD_FORK, state);
	struct record_fork *record;

	if (!buffer || !wanted)
		return;
	if (clone_flags & CLONE_PARENT)
		parent = task->real_parent;
	child = newest_child(parent, pid);
	record = &buffer->fork;
	fill_header(&record->header, RECORD_FORK, wanted, task, state);
	record->child_pid = child ? visible_pid(child) : pid;
	record->reserved = 0;
	record->flags = clone_flags;
	emit(&record->header, sizeof(*record), state, false);
}

/* The status that wait(2) will report: that of exit_group() or of a fatal signal, else the leader's own. */
static __always_inline void exited(struct task_struct *task, struct cgroup_state *state)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct signal_struct *signal = task->signal;
	u32 wanted = purpose_of_process(RECORD_EXIT, state);
	struct record_exit *record;

	if (!buffer || !wanted)
		return;
	record = &buffer->exit;
	fill_header(&record->header, RECORD_EXIT, wanted, task, state);
	record->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->group_leader->exit_code;
	record->reserved = 0;
	emit(&record->header, sizeof(*record), state, false);
}

#endif
