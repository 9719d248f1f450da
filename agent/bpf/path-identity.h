/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A number for a path that costs far less than the path itself: a hash over the names from the file up to the root, across
 * mounts. The dentry is no substitute: its folder may be renamed or mounted elsewhere, and when folders or mounts of the same
 * shape come and go, the kernel hands out the same memory for the same names again.
 */
#ifndef PATH_IDENTITY_H
#define PATH_IDENTITY_H

#include "name-hash.h"

/* Names and mount points, as many as canonical_path() follows: a path that goes on above is reported as cut. */
#define NAMES_MAX PATH_COMPONENTS_MAX

/* From a hash of some names to that of one more; a dentry's own is salted with the address of its parent. */
static __always_inline u64 add_name(u64 hash, u64 name)
{
	return (hash ^ name) * SPREAD;
}

struct path_step {
	/* Hash and length of the name. */
	u64 name;
	struct dentry *parent;
};

static __always_inline void read_step(struct path_step *step, struct dentry *dentry)
{
	struct dentry_front front = {};

	if (CAN_CAST) {
		step->name = CAST(dentry)->d_name.hash_len;
		step->parent = CAST(dentry)->d_parent;
		return;
	}
	bpf_probe_read_kernel(&front, sizeof(front), dentry);
	step->name = DENTRY_FIELD(&front, u64, d_name.hash_len);
	step->parent = DENTRY_FIELD(&front, struct dentry *, d_parent);
}

/* Global: verified once in each program. Its stack comes on top of the caller's, and both have 512 bytes in kernel 6.1. */
__noinline u64 path_identity(struct path *path)
{
	struct dentry *dentry, *root;
	struct path_step step;
	struct mount *mount, *above;
	u64 hash = 0;

	if (!path)
		return 0;
	dentry = path->dentry;
	mount = (void *)path->mnt - bpf_core_field_offset(struct mount, mnt);
	root = READ(mount, mnt.mnt_root);
	for (int i = 0; i < NAMES_MAX; i++) {
		if (dentry == root) {
			above = READ(mount, mnt_parent);
			if (above == mount || !above)
				break;
			dentry = READ(mount, mnt_mountpoint);
			mount = above;
			root = READ(mount, mnt.mnt_root);
			continue;
		}
		read_step(&step, dentry);
		hash = add_name(hash, step.name);
		/* Pipes and the like: a root of their own, in no mount that anybody sees. */
		if (step.parent == dentry)
			break;
		dentry = step.parent;
	}
	return hash;
}

#endif
