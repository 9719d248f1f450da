/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Approvers that look at a file: at its base name, at the directories above it, at the flags of its open. */
#ifndef APPROVE_FILE_H
#define APPROVE_FILE_H

#include "seen.h"

static __always_inline struct unapproved_key unapproved_key_of(struct path *path, u64 name)
{
	struct unapproved_key key = {
		.dentry = (u64)path->dentry,
		.name = name,
		.mount = (u64)path->mnt,
		.set = *(volatile u32 *)&approver_set,
		/* Changes every 275 seconds. */
		.era = bpf_ktime_get_boot_ns() >> 38,
	};

	return key;
}

/* Global: verified once. Asks for each directory from the root down, and for the file itself. */
__noinline u32 approve_prefixes(struct path_walk *walk, struct path_bytes *path, u32 type, u32 flags)
{
	u64 hash = hash_seed;
	u32 wanted = 0;

	if (!walk || !path)
		return 0;
	/* What lies above the cut is not known: any directory may. */
	if (walk->flags & PATH_TRUNCATED)
		return approve_unchecked();
	for (int i = 0; i < PREFIX_DEPTH; i++) {
		/* Components are stored leaf first. */
		u32 at = walk->components - 1 - i;

		if (at >= PATH_COMPONENTS_MAX)
			break;
		hash = hash_name((struct name_bytes *)(path->bytes + CLAMP(walk->offsets[at], PATH_BYTES_MAX - COMPONENT_MAX)),
				 hash);
		wanted |= ask_approvers(type, APPROVE_PREFIX, hash, flags);
		if (wanted & PURPOSE_RULES)
			break;
	}
	return wanted;
}

/* Mounts stacked on one file: the names of a pod's volumes take one, those of volumes bound by subPath two. */
#define STACKED_MAX 8

/*
 * Reads the name that the path ends with. A file that is mounted has that of its mount point: a container's /etc/hosts is
 * `etc-hosts` on the node. False if more is stacked there than is looked through.
 */
static __always_inline bool read_base_name(struct path *path, struct name_bytes *name)
{
	struct mount *mount, *above;
	struct dentry *dentry;
	u32 i;

	mount = (void *)path->mnt - bpf_core_field_offset(struct mount, mnt);
	dentry = path->dentry;
	for (i = 0; i < STACKED_MAX; i++) {
		if (dentry != BPF_CORE_READ(mount, mnt.mnt_root))
			break;
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount || !above)
			break;
		dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		mount = above;
	}
	return i < STACKED_MAX && bpf_probe_read_kernel_str(name, COMPONENT_MAX, BPF_CORE_READ(dentry, d_name.name)) >= 0;
}

/* By base name; `how` says what to look for. */
static __always_inline u32 approve_name(u8 type, u8 how, struct scratch *buffer, struct path *path, u32 flags)
{
	if (!(how & APPROVE_NAME))
		return 0;
	if (!read_base_name(path, &buffer->name))
		return approve_unchecked();
	return ask_approvers(type, APPROVE_NAME, hash_name(&buffer->name, hash_seed), flags);
}

/*
 * Which streams want this file, in three steps, each only if the one before has not settled it: by type, by base name, and by
 * prefix, for which the path has to be walked.
 */
static __always_inline u32 approve_file(u8 type, struct scratch *buffer, struct path *path, u64 name, u32 flags)
{
	u8 how = approvals_of(type);
	struct unapproved_key key;
	u32 wanted, one = 1;

	if (!how)
		return 0;
	wanted = approve_any_flags(type, flags);
	if (wanted & PURPOSE_RULES || !(how & (APPROVE_NAME | APPROVE_PREFIX)))
		return wanted;
	key = unapproved_key_of(path, name);
	if (bpf_map_lookup_elem(&unapproved, &key))
		return 0;
	wanted = approve_name(type, how, buffer, path, flags);
	if (!(wanted & PURPOSE_RULES) && how & APPROVE_PREFIX) {
		walk_from(&buffer->walk, buffer->open.data, path);
		wanted |= approve_prefixes(&buffer->walk, (struct path_bytes *)buffer->open.data, type, flags);
	}
	if (!wanted)
		bpf_map_update_elem(&unapproved, &key, &one, BPF_ANY);
	return wanted & ~WANTED_FOUND;
}

/* Where the base name of a string begins. Global: verified once in each program. */
__noinline u32 base_name(struct hashed_bytes *string, u32 size)
{
	u32 begin = 0;

	if (!string)
		return 0;
	for (u32 i = 0; i < FILENAME_MAX; i++) {
		if (i >= size)
			break;
		if (((u8 *)string)[i] == '/')
			begin = i + 1;
	}
	return begin;
}

/* Whether user space finds another name at the end of this string, or none: behind a slash, before dots, beyond a cut. */
static __always_inline bool is_no_name(const char *name, u64 size)
{
	if (!name[0] || size >= FILENAME_MAX)
		return true;
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* By the base name of a string that a program passed. */
static __always_inline u32 approve_asked_name(u8 type, char *string, u64 size, u32 flags)
{
	u32 begin = base_name((struct hashed_bytes *)string, size);

	string += CLAMP(begin, FILENAME_MAX);
	if (is_no_name(string, size))
		return approve_unchecked() & ~WANTED_FOUND;
	return ask_approvers(type, APPROVE_NAME, hash_name((struct name_bytes *)string, hash_seed), flags) & ~WANTED_FOUND;
}

/*
 * For a file that is known by the string alone that the program passed. No directory can be told from it for sure, so
 * approvers by prefix are taken to want it.
 */
static __always_inline u32 approve_asked(u8 type, char *string, u64 size, u32 flags)
{
	u8 how = approvals_of(type);
	u32 wanted;

	if (!how)
		return 0;
	wanted = approve_any_flags(type, flags);
	if (!(wanted & PURPOSE_RULES) && how & APPROVE_NAME)
		wanted |= approve_asked_name(type, string, size, flags);
	if (!(wanted & PURPOSE_RULES) && how & APPROVE_PREFIX)
		wanted |= approve_unchecked() & ~WANTED_FOUND;
	return wanted;
}

#endif
