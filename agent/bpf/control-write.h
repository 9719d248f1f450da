/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes to the files by which cgroups and the kernel itself are controlled. */
#ifndef CONTROL_WRITE_H
#define CONTROL_WRITE_H

#include "calls.h"
#include "user-parts.h"

#define PROC_SUPER_MAGIC 0x9fa0
#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270

/* The record that a write to this file makes; 0 for nearly all files. */
static __always_inline u8 control_type(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct proc_inode *proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);

	if (magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC)
		return RECORD_CGROUP_WRITE;
	return magic == PROC_SUPER_MAGIC && BPF_CORE_READ(proc, sysctl) ? RECORD_SYSCTL : 0;
}

/* Returns the bytes taken of one buffer. */
static __always_inline u64 read_buffer(struct record_call_facts *call, char *bytes)
{
	u64 count = call->retval >= 0 ? call->retval : call->arguments[2], size = CLAMP(count, CALL_WRITTEN_MAX);

	call->truncated = count > CALL_WRITTEN_MAX;
	if (!bpf_probe_read_user(bytes, size, (void *)call->arguments[1]))
		return size;
	COUNT(counters.user_faults);
	return 0;
}

/* Likewise of several; how many bytes a failed call was given is not added up. */
static __always_inline u64 read_parts(struct record_call_facts *call, char *bytes)
{
	u64 parts = call->arguments[2], total = call->retval;
	u64 size = gather(bytes, call->arguments[1], parts, total, CALL_WRITTEN_MAX);

	call->truncated = call->retval >= 0 ? size < total : size == CALL_WRITTEN_MAX || parts > PARTS_MAX;
	return size;
}

/* The bytes of a write; those of a failed one as well. */
static __always_inline u64 read_written(struct record_call_facts *call, char *bytes)
{
	u64 size = 0;

	switch (call->kind) {
	case SYSCALL_SPLICE:
	case SYSCALL_SENDFILE:
		/* They never were in this program's memory. */
		call->truncated = 1;
		break;
	case SYSCALL_WRITEV:
		size = read_parts(call, bytes);
		break;
	default:
		size = read_buffer(call, bytes);
	}
	call->text_size = size;
	return size;
}

static __always_inline void control_write(struct task_struct *task, struct cgroup_state *state, u8 kind, u32 number,
					  struct pt_regs *regs, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_file_call *record;
	struct file *file;
	u32 wanted;
	u64 size;
	u8 type;

	if (!buffer || is_unfinished(retval))
		return;
	file = file_of_fd(task, kind == SYSCALL_SPLICE ? SYSCALL_ARG2(regs) : SYSCALL_ARG0(regs));
	type = file ? control_type(file) : 0;
	wanted = type ? approve_any(type) : 0;
	if (!wanted)
		return;
	record = &buffer->file_call;
	fill_call(&record->call, kind, number, regs, retval);
	fill_header(&record->header, type, wanted, task, state);
	size = describe_file(&record->file, record->data, &buffer->walk, file);
	size = CLAMP(size, PATH_BYTES_MAX);
	size += read_written(&record->call, record->data + size);
	if (record->call.truncated || record->file.path.flags & PATH_TRUNCATED)
		count_truncation(state);
	emit(&record->header, sizeof(*record) + size, state, false);
}

#endif
