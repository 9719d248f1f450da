/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files opened, and opens refused for lack of permission. */
#ifndef OPEN_H
#define OPEN_H

#include "approve-file.h"
#include "path-identity.h"
#include "user-path.h"

/* open(2) flags. */
#define O_WRONLY 00000001
#define O_ACCMODE 00000003
#define O_CREAT 00000100
#define O_TRUNC 00001000
#define O_APPEND 00002000
#if defined(__TARGET_ARCH_arm64)
#define O_DIRECTORY 040000
#else
#define O_DIRECTORY 0200000
#endif
#define O_PATH 010000000
/* Makes a file without a name; O_TMPFILE is this and O_DIRECTORY. */
#define TMPFILE 020000000
/* Those that make it another behaviour; whether the file was created and for what it was opened shows in f_mode. */
#define OPEN_FLAGS_MASK (O_TRUNC | O_APPEND | O_DIRECTORY | O_PATH)
#define FMODE_ACCESS 3

#define RESOLVE_IN_ROOT 0x10

/*
 * Taken from the file itself: the flags of openat2() lie in the program's memory, and a call may change what it was passed (an
 * O_TRUNC of the very file that they are mapped from).
 */
#define FLAGS_OF_FILE (O_ACCMODE | O_APPEND | O_DIRECTORY | O_PATH | TMPFILE)

/* What a program passed: f_flags has lost O_CREAT, O_EXCL and O_TRUNC by the time that the call returns. */
struct open_call {
	u64 path;
	u32 flags;
	u32 mode;
	s32 directory;
	/* The directory is the root of absolute paths too. */
	bool in_root;
};

static __always_inline struct open_call read_open_call(struct pt_regs *regs, enum syscall_kind kind)
{
	struct open_call call = { .directory = AT_FDCWD };
	struct {
		u64 flags, mode, resolve;
	} how = {};

	switch (kind) {
	case SYSCALL_OPEN:
		call.path = SYSCALL_ARG0(regs);
		call.flags = SYSCALL_ARG1(regs);
		call.mode = SYSCALL_ARG2(regs);
		break;
	case SYSCALL_CREAT:
		call.path = SYSCALL_ARG0(regs);
		call.flags = O_CREAT | O_WRONLY | O_TRUNC;
		call.mode = SYSCALL_ARG1(regs);
		break;
	case SYSCALL_OPENAT2:
		if (bpf_probe_read_user(&how, sizeof(how), (void *)SYSCALL_ARG2(regs)))
			COUNT(counters.user_faults);
		call.directory = SYSCALL_ARG0(regs);
		call.path = SYSCALL_ARG1(regs);
		call.flags = how.flags;
		call.mode = how.mode;
		call.in_root = how.resolve & RESOLVE_IN_ROOT;
		break;
	case SYSCALL_OPEN_HANDLE:
		call.flags = SYSCALL_ARG2(regs);
		break;
	default:
		call.directory = SYSCALL_ARG0(regs);
		call.path = SYSCALL_ARG1(regs);
		call.flags = SYSCALL_ARG2(regs);
		call.mode = SYSCALL_ARG3(regs);
	}
	return call;
}

static __always_inline void refused_open(struct task_struct *task, struct cgroup_state *state,
					 const struct open_call *call, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_open *record;
	struct path start = {};
	struct seen_key key;
	u32 wanted;
	u64 size;

	if (!buffer)
		return;
	record = &buffer->open;
	record->data[0] = 0;
	size = read_user_path(&record->name, record->data, call->path);
	bpf_probe_read_kernel(&start, sizeof(start),
			      record->data[0] == '/' && !call->in_root ? root_directory(task)
								       : directory_of(task, call->directory));
	seen_key_of(&key, RECORD_OPEN, task, state);
	key.object = hash_bytes((struct hashed_bytes *)record->data, size, false);
	key.object_detail = path_identity(&start);
	key.access |= (u32)(u8)-retval << 8;
	key.place = 1;
	wanted = learning_wants(state, &key) | approve_asked(RECORD_OPEN, record->data, size, call->flags);
	if (!wanted)
		return;
	fill_header(&record->header, RECORD_OPEN, wanted, task, state);
	record->flags = call->flags;
	record->mode = call->mode;
	record->retval = retval;
	record->created = 0;
	size += root_path(&record->root, record->data + size, &buffer->walk, task);
	size = CLAMP(size, FILENAME_MAX + PATH_BYTES_MAX);
	file_facts(&record->file, NULL, NULL);
	size += canonical_path(&record->file.path, record->data + size, &buffer->walk, &start);
	mark_start(&record->file.path, &start);
	if (record->name.truncated || record->file.path.flags & PATH_TRUNCATED)
		count_truncation(state);
	if (emit(&record->header, sizeof(*record) + size, state, false))
		remember(&key, wanted);
}

static __always_inline void opened_file(u32 which, struct task_struct *task, struct cgroup_state *state,
					struct file *file, const struct open_call *call)
{
	struct scratch *buffer;
	struct record_open *record;
	struct seen_key key;
	struct path path = {};
	u32 mode, wanted, flags;
	u64 size;

	buffer = get_scratch(which);
	if (!buffer)
		return;
	/* Another thread has closed the descriptor already. */
	if (!file) {
		count_truncation(state);
		return;
	}
	path.mnt = read_pointer((void *)file + bpf_core_field_offset(struct file, f_path.mnt));
	path.dentry = read_pointer((void *)file + bpf_core_field_offset(struct file, f_path.dentry));
	mode = READ(file, f_mode);
	flags = (call->flags & ~FLAGS_OF_FILE) | (READ(file, f_flags) & FLAGS_OF_FILE);
	if (mode & FMODE_CREATED)
		flags |= O_CREAT;
	/* The kernel marks only what it created under a name. */
	if (flags & TMPFILE)
		mode |= FMODE_CREATED;

	/* Dentry, path and mount make the key: neither inode nor superblock need be read for what is known already. */
	seen_key_of(&key, RECORD_OPEN, task, state);
	key.object = (u64)path.dentry;
	key.object_detail = path_identity(&path);
	key.place = (u64)path.mnt >> 6;
	/* Flags begin at bit 9, so they end up above the bits of the mode's access part and below FMODE_CREATED, now bit 28. */
	key.access |= (mode & (FMODE_ACCESS | FMODE_CREATED)) << 8 | (flags & OPEN_FLAGS_MASK) << 2;
	wanted = learning_wants(state, &key) | approve_file(RECORD_OPEN, buffer, &path, key.object_detail, flags);
	if (!wanted)
		return;
	record = &buffer->open;
	fill_header(&record->header, RECORD_OPEN, wanted, task, state);
	record->flags = flags;
	record->mode = call->mode;
	record->retval = 0;
	record->created = !!(mode & FMODE_CREATED);
	/* Learning has no use for the string. */
	size = read_user_path(&record->name, record->data, wanted & PURPOSE_RULES ? call->path : 0);
	__builtin_memset(&record->root, 0, sizeof(record->root));
	file_facts(&record->file, BPF_CORE_READ(file, f_inode), path.mnt);
	size += canonical_path(&record->file.path, record->data + size, &buffer->walk, &path);
	if (record->file.path.flags & PATH_TRUNCATED)
		count_truncation(state);
	if (emit(&record->header, sizeof(*record) + size, state, false))
		remember(&key, wanted);
}

#endif
