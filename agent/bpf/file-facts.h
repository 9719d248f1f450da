/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel knows of a file: owner, mode, times, file system. Read only for what is reported, never for what is known. */
#ifndef FILE_FACTS_H
#define FILE_FACTS_H

#include "path-walk.h"

#define OVERLAYFS_MAGIC 0x794c7630
#define NANOSECONDS 1000000000ULL
/* From 6.13 on the top bit of i_ctime_nsec says whether somebody has asked for the time. */
#define NANOSECONDS_MASK 0x7fffffff

static __always_inline void file_times(struct record_file *file, struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;
	struct inode___plain *plain = (void *)inode;

	if (bpf_core_field_exists(split->i_mtime_sec))
		file->modified_at = BPF_CORE_READ(split, i_mtime_sec) * NANOSECONDS + BPF_CORE_READ(split, i_mtime_nsec);
	else if (bpf_core_field_exists(hidden->__i_mtime))
		file->modified_at =
			BPF_CORE_READ(hidden, __i_mtime.tv_sec) * NANOSECONDS + BPF_CORE_READ(hidden, __i_mtime.tv_nsec);
	else
		file->modified_at =
			BPF_CORE_READ(plain, i_mtime.tv_sec) * NANOSECONDS + BPF_CORE_READ(plain, i_mtime.tv_nsec);
	/* Renamed one version earlier than the other. */
	if (bpf_core_field_exists(split->i_ctime_sec))
		file->changed_at = BPF_CORE_READ(split, i_ctime_sec) * NANOSECONDS +
				   (BPF_CORE_READ(split, i_ctime_nsec) & NANOSECONDS_MASK);
	else if (bpf_core_field_exists(hidden->__i_ctime))
		file->changed_at =
			BPF_CORE_READ(hidden, __i_ctime.tv_sec) * NANOSECONDS + BPF_CORE_READ(hidden, __i_ctime.tv_nsec);
	else
		file->changed_at =
			BPF_CORE_READ(plain, i_ctime.tv_sec) * NANOSECONDS + BPF_CORE_READ(plain, i_ctime.tv_nsec);
}

/*
 * An overlay keeps its own data around the inode: the dentry in the upper layer comes right behind it, in every version since
 * the inode is embedded there (4.13). Its type need not be in the kernel's BTF, because overlayfs may be a module.
 */
static __always_inline bool in_upper_layer(struct inode *inode)
{
	struct dentry *upper = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_MAGIC)
		return false;
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	return upper != NULL;
}

/* All but the path. `inode` may be NULL: the facts are 0 then. */
static __always_inline void file_facts(struct record_file *file, struct inode *inode, struct vfsmount *mount)
{
	struct mount *mounted = (void *)mount - bpf_core_field_offset(struct mount, mnt);

	__builtin_memset(file, 0, sizeof(*file));
	if (!inode)
		return;
	file->inode = BPF_CORE_READ(inode, i_ino);
	file->device = BPF_CORE_READ(inode, i_sb, s_dev);
	file->mode = BPF_CORE_READ(inode, i_mode);
	file->uid = BPF_CORE_READ(inode, i_uid.val);
	file->gid = BPF_CORE_READ(inode, i_gid.val);
	file->mount_id = BPF_CORE_READ(mounted, mnt_id);
	file->upper_layer = in_upper_layer(inode);
	bpf_probe_read_kernel_str(file->filesystem, FILESYSTEM_NAME_MAX, BPF_CORE_READ(inode, i_sb, s_type, name));
	file_times(file, inode);
}

/* Facts and path of an open file; returns the size of the path in `bytes`, which has room for PATH_BYTES_MAX. */
static __always_inline u64 describe_file(struct record_file *record, char *bytes, struct path_walk *walk,
					 struct file *file)
{
	struct path path = {};

	bpf_probe_read_kernel(&path, sizeof(path), (void *)file + bpf_core_field_offset(struct file, f_path));
	file_facts(record, BPF_CORE_READ(file, f_inode), path.mnt);
	return canonical_path(&record->path, bytes, walk, &path);
}

#endif
