/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths of which the kernel keeps nothing: at the end of the call there are the string that the program passed and the
 * directory that it begins at. User space joins the two. The string is read after the call, so another thread may have changed
 * it meanwhile.
 */
#ifndef USER_PATH_H
#define USER_PATH_H

#include "file-facts.h"

#define AT_FDCWD -100

/* Failed for lack of rights: what the program tried tells as much as what it did. */
static __always_inline bool is_refusal(long retval)
{
	return retval == -EACCES || retval == -EPERM || retval == -EROFS;
}

static __always_inline void *root_directory(struct task_struct *task)
{
	return (void *)task->fs + bpf_core_field_offset(struct fs_struct, root);
}

static __always_inline void *working_directory(struct task_struct *task)
{
	return (void *)task->fs + bpf_core_field_offset(struct fs_struct, pwd);
}

/* Where the struct path of an open file is; NULL if nothing is open there. */
static __always_inline void *opened_path(struct task_struct *task, u32 fd)
{
	struct file *file = file_of_fd(task, fd);

	return file ? (void *)file + bpf_core_field_offset(struct file, f_path) : NULL;
}

static __always_inline void *directory_of(struct task_struct *task, s32 fd)
{
	return fd == AT_FDCWD ? working_directory(task) : opened_path(task, fd);
}

/* Reads a string to `bytes`, which has room for FILENAME_MAX; returns its size, with the NUL. */
static __always_inline u64 read_user_path(struct record_user_path *record, char *bytes, u64 address)
{
	long size = 0;

	record->size = 0;
	record->truncated = 0;
	record->follows = 0;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	if (!address)
		return 0;
	size = bpf_probe_read_user_str(bytes, FILENAME_MAX, (void *)address);
	if (size < 0) {
		COUNT(counters.user_faults);
		record->truncated = 1;
		return 0;
	}
	size = CLAMP(size, FILENAME_MAX);
	record->size = size;
	record->truncated = size == FILENAME_MAX;
	return size;
}

/* Of the task's root directory, above which no ".." leads; returns its size in `bytes`, which has room for PATH_BYTES_MAX. */
static __always_inline u64 root_path(struct record_path *record, char *bytes, struct path_walk *walk,
				     struct task_struct *task)
{
	struct path path = {};

	bpf_probe_read_kernel(&path, sizeof(path), root_directory(task));
	return canonical_path(record, bytes, walk, &path);
}

/* Of a path where a string begins. Without a directory (the descriptor was none) what stands before the string is unknown. */
static __always_inline void mark_start(struct record_path *record, struct path *start)
{
	record->flags |= PATH_BEGINNING | (start->dentry ? 0 : PATH_TRUNCATED);
}

#endif
