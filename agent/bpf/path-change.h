/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that change names and attributes of files. They differ in where their arguments stand and in nothing else, so a table
 * describes them and one program serves them all.
 */
#ifndef PATH_CHANGE_H
#define PATH_CHANGE_H

#include "approve-file.h"
#include "path-identity.h"
#include "user-path.h"

#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000

/* Places are numbers of arguments from 1 on; 0 is none. */
struct path_call {
	enum record_type type : 8;
	/* Directory that `path` is relative to; the working directory without one. */
	u8 directory;
	u8 path;
	/* An open file in place of a path. */
	u8 file;
	u8 second_directory;
	/* Another path, the name of an attribute, or what a symbolic link shall hold. */
	u8 second;
	u8 flags;
	u8 mode;
	/* The group comes behind it. */
	u8 owner;
	/* A symbolic link at the end of the path is followed. */
	u8 follows;
};

#define PATH_CALL(kind, type, ...) [SYSCALL_##kind - SYSCALL_UNLINK] = { RECORD_##type, __VA_ARGS__ }

static const struct path_call path_calls[SYSCALL_PATH_LAST - SYSCALL_UNLINK + 1] = {
	PATH_CALL(UNLINK, UNLINK, .path = 1),
	PATH_CALL(UNLINKAT, UNLINK, .directory = 1, .path = 2, .flags = 3),
	PATH_CALL(RMDIR, RMDIR, .path = 1),
	PATH_CALL(RENAME, RENAME, .path = 1, .second = 2),
	PATH_CALL(RENAMEAT, RENAME, .directory = 1, .path = 2, .second_directory = 3, .second = 4),
	PATH_CALL(RENAMEAT2, RENAME, .directory = 1, .path = 2, .second_directory = 3, .second = 4, .flags = 5),
	PATH_CALL(MKDIR, MKDIR, .path = 1, .mode = 2),
	PATH_CALL(MKDIRAT, MKDIR, .directory = 1, .path = 2, .mode = 3),
	PATH_CALL(CHMOD, CHMOD, .path = 1, .mode = 2, .follows = 1),
	PATH_CALL(FCHMOD, CHMOD, .file = 1, .mode = 2),
	PATH_CALL(FCHMODAT, CHMOD, .directory = 1, .path = 2, .mode = 3, .follows = 1),
	PATH_CALL(FCHMODAT2, CHMOD, .directory = 1, .path = 2, .mode = 3, .flags = 4, .follows = 1),
	PATH_CALL(CHOWN, CHOWN, .path = 1, .owner = 2, .follows = 1),
	PATH_CALL(LCHOWN, CHOWN, .path = 1, .owner = 2),
	PATH_CALL(FCHOWN, CHOWN, .file = 1, .owner = 2),
	PATH_CALL(FCHOWNAT, CHOWN, .directory = 1, .path = 2, .owner = 3, .flags = 5, .follows = 1),
	PATH_CALL(LINK, LINK, .path = 1, .second = 2),
	PATH_CALL(LINKAT, LINK, .directory = 1, .path = 2, .second_directory = 3, .second = 4, .flags = 5),
	PATH_CALL(SYMLINK, SYMLINK, .second = 1, .path = 2),
	PATH_CALL(SYMLINKAT, SYMLINK, .second = 1, .directory = 2, .path = 3),
	PATH_CALL(MKNOD, MKNOD, .path = 1, .mode = 2),
	PATH_CALL(MKNODAT, MKNOD, .directory = 1, .path = 2, .mode = 3),
	PATH_CALL(UTIMES, UTIMES, .path = 1, .follows = 1),
	PATH_CALL(FUTIMESAT, UTIMES, .directory = 1, .path = 2, .follows = 1),
	PATH_CALL(UTIMENSAT, UTIMES, .directory = 1, .path = 2, .flags = 4, .follows = 1),
	PATH_CALL(SETXATTR, SETXATTR, .path = 1, .second = 2, .follows = 1),
	PATH_CALL(LSETXATTR, SETXATTR, .path = 1, .second = 2),
	PATH_CALL(FSETXATTR, SETXATTR, .file = 1, .second = 2),
	PATH_CALL(SETXATTRAT, SETXATTR, .directory = 1, .path = 2, .flags = 3, .second = 4, .follows = 1),
	PATH_CALL(REMOVEXATTR, REMOVEXATTR, .path = 1, .second = 2, .follows = 1),
	PATH_CALL(LREMOVEXATTR, REMOVEXATTR, .path = 1, .second = 2),
	PATH_CALL(FREMOVEXATTR, REMOVEXATTR, .file = 1, .second = 2),
	PATH_CALL(REMOVEXATTRAT, REMOVEXATTR, .directory = 1, .path = 2, .flags = 3, .second = 4, .follows = 1),
	PATH_CALL(TRUNCATE, TRUNCATE, .path = 1, .follows = 1),
	PATH_CALL(FTRUNCATE, TRUNCATE, .file = 1),
	PATH_CALL(CHDIR, CHDIR, .path = 1, .follows = 1),
	PATH_CALL(FCHDIR, CHDIR, .file = 1),
	PATH_CALL(CHROOT, CHROOT, .path = 1, .follows = 1),
};

/* Masked, so that the verifier needs no proof: the first stands for no argument, the last for none that is in use. */
#define PATH_ARGUMENT(place) (work->arguments[(place) & (PATH_ARGUMENTS - 1)])

static __always_inline void read_path_arguments(struct path_work *work, struct pt_regs *regs)
{
	work->arguments[0] = 0;
	work->arguments[1] = SYSCALL_ARG0(regs);
	work->arguments[2] = SYSCALL_ARG1(regs);
	work->arguments[3] = SYSCALL_ARG2(regs);
	work->arguments[4] = SYSCALL_ARG3(regs);
	work->arguments[5] = SYSCALL_ARG4(regs);
}

/* Going somewhere leaves no trace in a file; a call that failed for another reason than a lack of rights did nothing. */
static __always_inline bool is_behaviour(u8 type, long retval)
{
	if (type == RECORD_CHDIR || type == RECORD_CHROOT)
		return false;
	return retval >= 0 || is_refusal(retval);
}

/*
 * Where the struct path is that the call was about, if the kernel still knows: an open file, the directory to which the task
 * has gone. NULL if there is only a string.
 */
static __always_inline void *known_path(const struct path_call *call, struct path_work *work, struct task_struct *task,
					long retval)
{
	if (call->file)
		return opened_path(task, PATH_ARGUMENT(call->file));
	if (retval == 0 && call->type == RECORD_CHDIR)
		return working_directory(task);
	if (retval == 0 && call->type == RECORD_CHROOT)
		return root_directory(task);
	/* utimensat() takes no path at all for the file itself, the others an empty one. */
	if (call->directory && (!PATH_ARGUMENT(call->path) || (work->flags & AT_EMPTY_PATH && work->name_size == 1)))
		return directory_of(task, PATH_ARGUMENT(call->directory));
	return NULL;
}

static __always_inline void *start_of_path(struct path_work *work, struct task_struct *task, u8 directory,
					   const char *name)
{
	if (*name == '/')
		return root_directory(task);
	return directory ? directory_of(task, PATH_ARGUMENT(directory)) : working_directory(task);
}

static __always_inline bool has_two_paths(u8 type)
{
	return type == RECORD_RENAME || type == RECORD_LINK;
}

/* Reads the strings, and finds the file or the directories at which they begin. */
static __always_inline void find_paths(struct scratch *buffer, const struct path_call *call, struct task_struct *task,
				       long retval)
{
	struct record_path_change *record = &buffer->path_change;
	struct path_work *work = &buffer->work;
	void *from;
	u64 size;

	record->data[0] = 0;
	size = read_user_path(&record->name, record->data, PATH_ARGUMENT(call->path));
	work->name_size = size;
	record->data[size] = 0;
	work->second_size = read_user_path(&record->second_name, record->data + size, PATH_ARGUMENT(call->second));

	from = known_path(call, work, task, retval);
	work->known = from != NULL;
	if (!from)
		from = start_of_path(work, task, call->directory, record->data);
	bpf_probe_read_kernel(&work->first, sizeof(work->first), from);
	from = NULL;
	if (has_two_paths(call->type))
		from = start_of_path(work, task, call->second_directory, record->data + size);
	bpf_probe_read_kernel(&work->second, sizeof(work->second), from);
}

static __always_inline void path_change_key(struct seen_key *key, struct scratch *buffer)
{
	struct path_work *work = &buffer->work;
	char *data = buffer->path_change.data;
	u64 size = CLAMP(work->name_size, FILENAME_MAX), second_size = CLAMP(work->second_size, FILENAME_MAX);
	struct dentry *first = work->first.dentry, *second = work->second.dentry;
	u64 names = path_identity(&work->first);

	if (second)
		names = add_name(names, path_identity(&work->second));
	if (!work->known)
		names = add_name(names, hash_bytes((struct hashed_bytes *)data, size, false));
	key->object = (u64)first ^ (u64)second << 16;
	key->object_detail = add_name(names, hash_bytes((struct hashed_bytes *)(data + size), second_size, false));
	key->place = (u64)work->first.mnt >> 6;
	key->access |= (u32)work->known << 16;
}

/* By type, and by the base names that user space will show. */
static __always_inline u32 approve_change(u8 type, struct scratch *buffer)
{
	struct path_work *work = &buffer->work;
	char *data = buffer->path_change.data;
	u64 size = CLAMP(work->name_size, FILENAME_MAX), second_size = CLAMP(work->second_size, FILENAME_MAX);
	u8 how = approvals_of(type);
	u32 wanted;

	if (!how)
		return 0;
	wanted = approve_any(type);
	if (wanted & PURPOSE_RULES || !(how & APPROVE_NAME))
		return wanted;
	if (work->known)
		return approve_name(type, how, buffer, &work->first, ANY_FLAGS) & ~WANTED_FOUND;
	wanted = approve_asked_name(type, data, size, ANY_FLAGS);
	if (wanted & PURPOSE_RULES || !has_two_paths(type))
		return wanted;
	return approve_asked_name(type, data + size, second_size, ANY_FLAGS);
}

/* Global: verified for itself, and not once for each way that leads here. Returns whether the record went into the ring. */
__noinline int report_path_change(struct scratch *buffer, u8 type, u32 wanted, s32 retval)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct record_path_change *record;
	struct path_work *work;
	struct path path;
	u64 size;

	if (!buffer)
		return 0;
	record = &buffer->path_change;
	work = &buffer->work;
	fill_header(&record->header, type, wanted, task, state);
	record->retval = retval;
	record->umask = BPF_CORE_READ(task, fs, umask);
	record->reserved = 0;
	size = CLAMP(work->name_size + work->second_size, 2 * FILENAME_MAX);
	size += root_path(&record->root, record->data + size, &buffer->walk, task);
	size = CLAMP(size, 2 * FILENAME_MAX + PATH_BYTES_MAX);

	path = work->first;
	file_facts(&record->file, work->known ? BPF_CORE_READ(path.dentry, d_inode) : NULL, path.mnt);
	size += canonical_path(&record->file.path, record->data + size, &buffer->walk, &path);
	if (!work->known)
		mark_start(&record->file.path, &path);
	size = CLAMP(size, 2 * FILENAME_MAX + 2 * PATH_BYTES_MAX);
	__builtin_memset(&record->second_path, 0, sizeof(record->second_path));
	if (has_two_paths(type)) {
		path = work->second;
		size += canonical_path(&record->second_path, record->data + size, &buffer->walk, &path);
		mark_start(&record->second_path, &path);
	}
	if ((record->file.path.flags | record->second_path.flags) & PATH_TRUNCATED || record->name.truncated ||
	    record->second_name.truncated)
		count_truncation(state);
	return emit(&record->header, sizeof(*record) + size, state, false);
}

static __always_inline void path_changed(struct task_struct *task, struct cgroup_state *state, struct pt_regs *regs,
					 u32 kind, long retval)
{
	u64 index = CLAMP(kind - SYSCALL_UNLINK, SYSCALL_PATH_LAST - SYSCALL_UNLINK);
	const struct path_call *call = &path_calls[index];
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_path_change *record;
	struct path_work *work;
	struct seen_key key;
	u8 type = call->type;
	u32 flags, wanted;

	if (!buffer)
		return;
	record = &buffer->path_change;
	work = &buffer->work;
	read_path_arguments(work, regs);
	flags = PATH_ARGUMENT(call->flags);
	if (type == RECORD_UNLINK && flags & AT_REMOVEDIR)
		type = RECORD_RMDIR;
	if (!is_behaviour(type, retval))
		state = NULL;
	if (!state && !rules_want(type))
		return;
	work->flags = flags;
	find_paths(buffer, call, task, retval);
	seen_key_of(&key, type, task, state);
	path_change_key(&key, buffer);
	key.access |= (u32)(u8)-retval << 8;
	wanted = learning_wants(state, &key) | approve_change(type, buffer);
	if (!wanted)
		return;
	record->flags = flags;
	record->mode = PATH_ARGUMENT(call->mode);
	record->uid = PATH_ARGUMENT(call->owner);
	record->gid = call->owner ? PATH_ARGUMENT(call->owner + 1) : 0;
	record->directory = call->directory ? PATH_ARGUMENT(call->directory) : AT_FDCWD;
	record->name.follows = flags & AT_SYMLINK_FOLLOW || (call->follows && !(flags & AT_SYMLINK_NOFOLLOW));
	if (report_path_change(buffer, type, wanted, retval))
		remember(&key, wanted);
}

#endif
