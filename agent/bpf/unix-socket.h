/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Unix sockets that are connected to or bound: the daemons of a node listen on them. Who connects to one in the file system
 * needs leave to write to it, so learning takes it as a write; who binds one creates a file. Abstract names are for rules.
 */
#ifndef UNIX_SOCKET_H
#define UNIX_SOCKET_H

#include "open.h"
#include "socket.h"

/* The address that the program passed; returns its size, and sets `abstract`. */
static __always_inline u64 asked_name(struct record_unix *record, void *user, u64 user_size, struct cgroup_state *state)
{
	u64 size = user_size > 2 ? CLAMP(user_size - 2, UNIX_NAME_MAX) : 0;

	if (bpf_probe_read_user(record->data, size, user + 2)) {
		count_fault(state);
		return 0;
	}
	record->abstract = size > 0 && !record->data[0];
	return size;
}

/* The address as whoever bound the socket passed it. */
static __always_inline u64 bound_name(struct record_unix *record, struct unix_address *address)
{
	s32 length = BPF_CORE_READ(address, len);
	u64 size = length > 2 ? CLAMP(length - 2, UNIX_NAME_MAX) : 0;

	if (bpf_probe_read_kernel(record->data, size, (void *)address + bpf_core_field_offset(struct unix_address, name) + 2))
		return 0;
	record->abstract = size > 0 && !record->data[0];
	return size;
}

/*
 * `holder` has the address: the socket itself after bind, its peer after connect. Its file goes when the server has already
 * closed it; then the name stands in that the server passed, and for refused calls that of the caller.
 */
static __always_inline void unix_call(struct task_struct *task, struct cgroup_state *state, u8 type, struct sock *sk,
				      void *user, u64 user_size, s32 retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct unix_sock *holder = (struct unix_sock *)sk;
	struct unix_address *address = NULL;
	struct record_unix *record;
	struct path path = {};
	struct seen_key key;
	u32 wanted;
	u64 size;

	if (!buffer)
		return;
	if (retval >= 0) {
		if (type == RECORD_UNIX_CONNECT)
			holder = (struct unix_sock *)BPF_CORE_READ(holder, peer);
		/* Told to forget its peer. */
		if (!holder)
			return;
		BPF_CORE_READ_INTO(&path.dentry, holder, path.dentry);
		BPF_CORE_READ_INTO(&path.mnt, holder, path.mnt);
		address = BPF_CORE_READ(holder, addr);
	}
	record = &buffer->unix_socket;
	record->abstract = 0;
	seen_key_of(&key, type, task, state);
	if (path.dentry) {
		key.object = (u64)path.dentry;
		key.object_detail = path_identity(&path);
		key.place = (u64)path.mnt >> 6;
		wanted = purpose_of(type, state, &key);
		if (!wanted)
			return;
		file_facts(&record->file, BPF_CORE_READ(path.dentry, d_inode), path.mnt);
		size = canonical_path(&record->file.path, record->data, &buffer->walk, &path);
		if (record->file.path.flags & PATH_TRUNCATED)
			count_truncation(state);
	} else {
		size = retval >= 0 ? bound_name(record, address) : asked_name(record, user, user_size, is_refusal(retval) ? state : NULL);
		key.object = hash_bytes((struct hashed_bytes *)record->data, size, false);
		key.access |= (u32)(u8)-retval << 8;
		/* What was only tried shows nothing, unless it was refused. */
		if (record->abstract || (retval < 0 && retval != -EACCES && retval != -EPERM))
			wanted = approve_any(type);
		else
			wanted = purpose_of(type, state, &key);
		if (!wanted)
			return;
		file_facts(&record->file, NULL, NULL);
		record->file.path.size = size;
		record->file.path.flags = PATH_FROM_USER;
	}
	fill_header(&record->header, type, wanted, task, state);
	record->retval = retval;
	record->reserved[0] = record->reserved[1] = record->reserved[2] = 0;
	if (emit(&record->header, sizeof(*record) + CLAMP(size, PATH_BYTES_MAX), state, false))
		remember(&key, wanted);
}

#endif
