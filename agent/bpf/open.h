/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files opened, and opens refused for lack of permission. */
#ifndef OPEN_H
#define OPEN_H

#include "path-walk.h"
#include "seen.h"

/* open(2) flags. */
#define O_WRONLY 00000001
#define O_CREAT 00000100
#define O_TRUNC 00001000
#define O_APPEND 00002000
#if defined(__TARGET_ARCH_arm64)
#define O_DIRECTORY 040000
#else
#define O_DIRECTORY 0200000
#endif
#define O_PATH 010000000
/* Those that make it another behaviour; whether the file was created and for what it was opened shows in f_mode. */
#define OPEN_FLAGS_MASK (O_TRUNC | O_APPEND | O_DIRECTORY | O_PATH)
#define FMODE_ACCESS 3

/*
 * Flags as the program passed them: f_flags has lost O_CREAT, O_EXCL and O_TRUNC by the time that the call returns. openat2
 * takes a struct, whose first member they are.
 */
static __always_inline u32 open_flags(struct pt_regs *regs, enum syscall_kind kind)
{
	u64 flags = 0;

	switch (kind) {
	case SYSCALL_OPEN:
		return SYSCALL_ARG1(regs);
	case SYSCALL_CREAT:
		return O_CREAT | O_WRONLY | O_TRUNC;
	case SYSCALL_OPENAT2:
		if (bpf_probe_read_user(&flags, sizeof(flags), (void *)SYSCALL_ARG2(regs)))
			COUNT(counters.user_faults);
		return flags;
	default:
		return SYSCALL_ARG2(regs);
	}
}

/*
 * The front of struct file in one read instead of one for each member: f_path, f_inode and f_mode lie in the first 96 bytes
 * on every kernel from 6.1 on. Should a later one move them out, the verifier refuses the blob.
 */
struct file_front {
	char bytes[128];
};
#define FILE_FIELD(front, type, member) (*(type *)((front)->bytes + bpf_core_field_offset(struct file, member)))

static __always_inline void refused_open(struct task_struct *task, struct cgroup_state *state, const char *user_path,
					 u32 flags, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_open *record;
	struct seen_key key;
	long size;

	if (!buffer)
		return;
	record = &buffer->open;
	size = bpf_probe_read_user_str(record->data, FILENAME_MAX, user_path);
	if (size < 0) {
		COUNT(counters.user_faults);
		size = 0;
	}
	seen_key_of(&key, RECORD_OPEN, task, state);
	key.object = hash_bytes((struct hashed_bytes *)record->data, size);
	key.access |= (u32)(u8)-retval << 8;
	key.place = 1;
	if (seen_before(&key))
		return;
	fill_header(&record->header, RECORD_OPEN, task, state);
	record->inode = 0;
	record->mode = 0;
	record->flags = flags;
	record->retval = retval;
	record->created = 0;
	record->path.size = size;
	record->path.components = 0;
	record->path.flags = PATH_FROM_USER | (size >= FILENAME_MAX ? PATH_TRUNCATED : 0);
	if (emit(&record->header, sizeof(*record) + CLAMP(size, FILENAME_MAX), state, false))
		remember(&key);
}

static __always_inline void opened_file(struct task_struct *task, struct cgroup_state *state, struct file *file,
					u32 flags)
{
	struct scratch *buffer;
	struct record_open *record;
	struct file_front front;
	struct seen_key key;
	struct inode *inode;
	struct path path;
	u32 mode;
	u64 size;

	if (!file || bpf_probe_read_kernel(&front, sizeof(front), file))
		return;
	path = FILE_FIELD(&front, struct path, f_path);
	mode = FILE_FIELD(&front, u32, f_mode);

	/* Dentry, name and mount make the key: neither inode nor superblock need be read for what is known already. */
	seen_key_of(&key, RECORD_OPEN, task, state);
	key.object = (u64)path.dentry;
	key.object_detail = BPF_CORE_READ(path.dentry, d_name.hash_len);
	key.place = (u64)path.mnt >> 6;
	/* Flags begin at bit 9, so they end up above the bits of the mode's access part and below FMODE_CREATED, now bit 28. */
	key.access |= (mode & (FMODE_ACCESS | FMODE_CREATED)) << 8 | (flags & OPEN_FLAGS_MASK) << 2;
	if (seen_before(&key))
		return;

	buffer = get_scratch(SCRATCH_TASK);
	if (!buffer)
		return;
	record = &buffer->open;
	inode = FILE_FIELD(&front, struct inode *, f_inode);
	fill_header(&record->header, RECORD_OPEN, task, state);
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->flags = flags;
	record->retval = 0;
	record->created = !!(mode & FMODE_CREATED);
	size = canonical_path(&record->path, record->data, &buffer->walk, &path);
	if (record->path.flags & PATH_TRUNCATED)
		count_truncation(state);
	if (emit(&record->header, sizeof(*record) + size, state, false))
		remember(&key);
}

#endif
