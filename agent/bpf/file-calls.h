/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that rules ask about and that concern an open file: code that is mapped, modules, namespaces, pipes, mounts.
 */
#ifndef FILE_CALLS_H
#define FILE_CALLS_H

#include "calls.h"

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define NO_FD (~0U)

/* The descriptor that a call is about, or one that no file has. */
static __always_inline u32 fd_of_call(struct record_call_facts *call)
{
	switch (call->kind) {
	case SYSCALL_OPEN_TREE:
	case SYSCALL_FSMOUNT:
		return call->retval;
	case SYSCALL_MMAP:
		return call->arguments[3] & MAP_ANONYMOUS ? NO_FD : call->arguments[4];
	case SYSCALL_MOVE_MOUNT:
	case SYSCALL_SETNS:
	case SYSCALL_SPLICE:
	case SYSCALL_TEE:
	case SYSCALL_VMSPLICE:
	case SYSCALL_FINIT_MODULE:
		return call->arguments[0];
	default:
		return NO_FD;
	}
}

struct mapped_file {
	struct file *file;
};

static long remember_mapped_file(struct task_struct *task, struct vm_area_struct *area, struct mapped_file *mapped)
{
	mapped->file = area->vm_file;
	return 0;
}

/* What lies behind memory that has become executable. NULL if nothing does, or if the map of the memory is being changed. */
static __always_inline struct file *file_of_memory(struct task_struct *task, u64 address)
{
	struct mapped_file mapped = {};

	bpf_find_vma(task, address, remember_mapped_file, &mapped, 0);
	return mapped.file;
}

/* Flags of the buffer that was filled last in a pipe, plus one; 0 if the file is no pipe. */
static __always_inline u64 pipe_flags(struct file *file)
{
	struct pipe_inode_info *pipe;
	struct pipe_buffer *buffer;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFIFO)
		return 0;
	pipe = BPF_CORE_READ(file, private_data);
	buffer = BPF_CORE_READ(pipe, bufs);
	buffer = (void *)buffer + (u64)(BPF_CORE_READ(pipe, head) - 1 & BPF_CORE_READ(pipe, ring_size) - 1) *
					  bpf_core_type_size(struct pipe_buffer);
	return (u64)BPF_CORE_READ(buffer, flags) + 1;
}

static __always_inline u32 written_pipe(struct record_call_facts *call)
{
	switch (call->kind) {
	case SYSCALL_SPLICE:
		return call->arguments[2];
	case SYSCALL_TEE:
		return call->arguments[1];
	case SYSCALL_VMSPLICE:
		return call->arguments[0];
	default:
		return NO_FD;
	}
}

static __always_inline bool is_executable_mapping(struct record_call_facts *call)
{
	if (call->kind != SYSCALL_MMAP && call->kind != SYSCALL_MPROTECT && call->kind != SYSCALL_PKEY_MPROTECT)
		return true;
	return call->arguments[2] & PROT_EXEC;
}

static __always_inline void file_call(struct task_struct *task, struct cgroup_state *state, u8 kind, u32 number,
				      struct pt_regs *regs, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_file_call *record;
	struct file *file;
	u64 size = 0;
	u32 wanted;
	u8 type;

	if (!buffer || is_unfinished(retval))
		return;
	record = &buffer->file_call;
	fill_call(&record->call, kind, number, regs, retval);
	if (!is_executable_mapping(&record->call))
		return;
	if (kind == SYSCALL_MPROTECT || kind == SYSCALL_PKEY_MPROTECT)
		file = file_of_memory(task, record->call.arguments[0]);
	else
		file = file_of_fd(task, fd_of_call(&record->call));
	type = *(volatile u8 *)&call_types[kind];
	wanted = approve_any(type);
	if (!wanted)
		return;
	record->call.details[0] = pipe_flags(file_of_fd(task, written_pipe(&record->call)));
	fill_header(&record->header, type, wanted, task, state);
	if (file)
		size = describe_file(&record->file, record->data, &buffer->walk, file);
	else
		file_facts(&record->file, NULL, NULL);
	size = CLAMP(size, PATH_BYTES_MAX);
	size += read_arguments(&record->call, record->data + size);
	if (record->call.truncated || record->file.path.flags & PATH_TRUNCATED)
		count_truncation(state);
	emit(&record->header, sizeof(*record) + size, state, false);
}

#endif
