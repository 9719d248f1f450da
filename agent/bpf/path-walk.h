/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The canonical path of a file: from its dentry up to the top of its mount tree, as d_path() goes, but past the task's root
 * directory, so that a chroot inside a container does not change names.
 *
 * Two things keep the verifier content. The state of the walk lives in a map value, whose contents it does not track: on
 * the stack it would follow every possible offset through all iterations (a million instructions instead of ten thousand).
 * And the loop is in a global function, which is verified once instead of once for each state of each caller.
 */
#ifndef PATH_WALK_H
#define PATH_WALK_H

#include "emit.h"

struct path_bytes {
	char bytes[PATH_BYTES_MAX];
};

/* The front of struct dentry in one read: d_seq, d_parent and d_name lie in the first 48 bytes on every kernel from 6.1 on. */
struct dentry_front {
	char bytes[64];
};
#define DENTRY_FIELD(front, type, member) (*(type *)((front)->bytes + bpf_core_field_offset(struct dentry, member)))

/*
 * False if it has to be tried again. A rename writes a short name over the old one, in place, and counts d_seq up before and
 * after: what is read meanwhile may be half of either, a name that nothing ever had.
 */
static __always_inline bool read_component(struct path_walk *walk, char *bytes, struct dentry *dentry,
					   struct dentry_front *front)
{
	/* The caller has checked the offset, in a register of its own: here the verifier learns of it. */
	u64 offset = CLAMP(walk->offset, PATH_BYTES_MAX - COMPONENT_MAX);
	u32 sequence = DENTRY_FIELD(front, u32, d_seq.seqcount.sequence);
	long size;

	size = bpf_probe_read_kernel_str(bytes + offset, COMPONENT_MAX, DENTRY_FIELD(front, char *, d_name.name));
	if (sequence & 1 || BPF_CORE_READ(dentry, d_seq.seqcount.sequence) != sequence)
		return false;
	if (walk->components < PATH_COMPONENTS_MAX)
		walk->offsets[walk->components] = offset;
	if (size > 0)
		walk->offset = offset + size;
	walk->components++;
	return true;
}

/* One step up, or once more the same; false at the end. */
static __always_inline bool walk_step(struct path_walk *walk, char *bytes)
{
	/* Local copies: BPF_CORE_READ(walk->dentry, ...) would relocate our own struct. */
	struct dentry *dentry = walk->dentry, *parent;
	struct mount *mount = walk->mount, *above;
	struct dentry_front front = {};

	bpf_probe_read_kernel(&front, sizeof(front), dentry);
	parent = DENTRY_FIELD(&front, struct dentry *, d_parent);
	/* A root that is not its mount's root carries a name all the same: memfd_create files. */
	if (dentry != walk->mount_root) {
		if (walk->offset > PATH_BYTES_MAX - COMPONENT_MAX) {
			walk->flags |= PATH_TRUNCATED;
			return false;
		}
		if (!read_component(walk, bytes, dentry, &front))
			return true;
		if (dentry != parent) {
			walk->dentry = parent;
			return true;
		}
	}
	above = BPF_CORE_READ(mount, mnt_parent);
	if (above == mount || !above) {
		/* Mounts of the kernel's own belong to no namespace: NULL or an error value. */
		s64 namespace = (s64)BPF_CORE_READ(mount, mnt_ns);

		if (namespace == 0 || (namespace < 0 && namespace > -4096))
			walk->flags |= PATH_INTERNAL;
		walk->complete = 1;
		return false;
	}
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->mount = above;
	walk->mount_root = BPF_CORE_READ(above, mnt.mnt_root);
	return true;
}

__noinline int walk_path(struct path_walk *walk, struct path_bytes *path)
{
	if (!walk || !path)
		return 0;
	/* Mount points crossed and names read once more count as steps too. */
	for (int i = 0; i < PATH_COMPONENTS_MAX; i++) {
		if (!walk_step(walk, path->bytes))
			break;
	}
	if (!walk->complete)
		walk->flags |= PATH_TRUNCATED;
	return 0;
}

static __always_inline void walk_from(struct path_walk *walk, char *bytes, struct path *path)
{
	struct vfsmount *mount = path->mnt;
	struct dentry *dentry = path->dentry;

	walk->dentry = dentry;
	walk->mount = (void *)mount - bpf_core_field_offset(struct mount, mnt);
	walk->mount_root = BPF_CORE_READ(mount, mnt_root);
	walk->offset = 0;
	walk->components = 0;
	walk->flags = 0;
	walk->complete = 0;
	/* Unlinked: out of the hash, yet not a root, which never is in it. */
	if (!BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry)
		walk->flags |= PATH_DELETED;
	walk_path(walk, (struct path_bytes *)bytes);
}

/* Writes components to `bytes`, which has room for PATH_BYTES_MAX; returns their size. */
static __always_inline u64 canonical_path(struct record_path *record, char *bytes, struct path_walk *walk,
					  struct path *path)
{
	u64 size;

	walk_from(walk, bytes, path);
	size = CLAMP(walk->offset, PATH_BYTES_MAX);
	record->size = size;
	record->components = walk->components;
	record->flags = walk->flags;
	record->reserved = 0;
	return size;
}

/* The file behind a descriptor. */
static __always_inline struct file *file_of_fd(struct task_struct *task, u32 fd)
{
	struct fdtable *table = task->files->fdt;

	return fd < table->max_fds ? read_pointer(table->fd + fd) : NULL;
}

#endif
