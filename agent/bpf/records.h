/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes through the ring buffer. agent/kernel/record-layout.ts holds the same offsets for the decoder; the build puts
 * those of this file, as the compiler laid them out, beside the programs, and a blob whose layouts differ is refused.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "config.h"

enum record_type {
	RECORD_EXEC = 1,
	RECORD_FORK,
	RECORD_EXIT,
	RECORD_OPEN,
	RECORD_CONNECT,
	RECORD_BIND,
	RECORD_LISTEN,
	RECORD_ACCEPT,
	RECORD_DNS_QUERY,
	RECORD_DNS_RESPONSE,
	RECORD_CGROUP_MKDIR,
	RECORD_CGROUP_RMDIR,
	RECORD_SEND = 13,
	RECORD_SOCKET = 14,
	RECORD_SETSOCKOPT = 15,
	RECORD_UNIX_CONNECT = 16,
	RECORD_UNIX_BIND = 17,
	RECORD_CAPABILITY = 18,
	RECORD_UNLINK = 20,
	RECORD_RMDIR = 21,
	RECORD_RENAME = 22,
	RECORD_MKDIR = 23,
	RECORD_CHMOD = 24,
	RECORD_CHOWN = 25,
	RECORD_LINK = 26,
	RECORD_SYMLINK = 27,
	RECORD_MKNOD = 28,
	RECORD_UTIMES = 29,
	RECORD_SETXATTR = 30,
	RECORD_REMOVEXATTR = 31,
	RECORD_TRUNCATE = 32,
	RECORD_CHDIR = 33,
	RECORD_CHROOT = 34,

	RECORD_MOUNT = 40,
	RECORD_UMOUNT,
	RECORD_PIVOT_ROOT,
	RECORD_UNSHARE,
	RECORD_SETNS,
	RECORD_PTRACE,
	RECORD_PROCESS_VM,
	RECORD_SIGNAL,
	RECORD_PRCTL,
	RECORD_MEMFD_CREATE,
	RECORD_MMAP,
	RECORD_MPROTECT,
	RECORD_SPLICE,
	RECORD_BPF,
	RECORD_PERF_EVENT_OPEN,
	RECORD_LOAD_MODULE,
	RECORD_UNLOAD_MODULE,
	RECORD_SETUID,
	RECORD_SETGID,
	RECORD_CAPSET,
	RECORD_SETRLIMIT,
	RECORD_CGROUP_WRITE,
	RECORD_SYSCTL,
	/* The rest, that has no fields of its own beside number and arguments. */
	RECORD_SYSTEM_CALL,
	RECORD_COMPAT_CALL,
};
/* Types are bits of `rule_types`, and so below this. */
#define RECORD_TYPES 128

/* Why a record was emitted; a mask, because one record can serve both. */
enum record_purpose {
	PURPOSE_LEARNING = 1,
	PURPOSE_RULES = 2,
};

enum path_flag {
	/* More components or bytes than fit: the leaf side is here. */
	PATH_TRUNCATED = 1,
	/* The name is no longer in its directory. */
	PATH_DELETED = 2,
	/* The file lives on a mount of the kernel's own (pipe, socket, memfd, anonymous inode), which has no root. */
	PATH_INTERNAL = 4,
	/* Not walked: the bytes are the string that the program handed over. */
	PATH_FROM_USER = 8,
	/* A directory, at which a string begins that the program passed and nobody has resolved. */
	PATH_BEGINNING = 16,
};

/* Enumerations as bit fields: one byte each, and their values reach the BTF that the build reads. */
struct record_header {
	u32 size;
	enum record_type type : 8;
	enum record_purpose purpose : 8;
	/* The reader is woken for it. */
	u16 urgent;
	u64 time;
	/* That of the observed cgroup if there is one, else the task's own. */
	u64 cgroup;
	u64 started_at;
	u32 pid;
	u32 tid;
	u32 exec_id;
	u32 uid;
	u32 mount_namespace;
	/* What approved it for the rules; 0 without PURPOSE_RULES. */
	u32 approver;
};

/* Components follow in the data, leaf first, each with its NUL: the order in which the kernel can be walked. */
struct record_path {
	u16 size;
	u16 components;
	enum path_flag flags : 16;
	u16 reserved;
};

#define FILESYSTEM_NAME_MAX 16
#define TTY_NAME_MAX 16

/* What the kernel knows of a file beside its content; all 0 if the call found none. Times in nanoseconds since the epoch. */
struct record_file {
	u64 inode;
	u64 modified_at;
	u64 changed_at;
	u32 device;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 mount_id;
	/* Of an overlay: it has a copy in the upper layer, so it was written since the container began. */
	u8 upper_layer;
	u8 reserved[3];
	char filesystem[FILESYSTEM_NAME_MAX];
	struct record_path path;
};

/* A string that a program passed for a path; `size` counts its NUL. */
struct record_user_path {
	u16 size;
	/* The end is missing. */
	u8 truncated;
	/* The call follows a symbolic link at the end of the path. */
	u8 follows;
	u8 reserved[4];
};

struct record_credentials {
	u32 uid;
	u32 gid;
	u32 euid;
	u32 egid;
	u32 fsuid;
	u32 fsgid;
	/* Who logged in, for audit; all ones if nobody did. */
	u32 login_uid;
	u32 reserved;
	u64 cap_effective;
	u64 cap_permitted;
};

struct record_exec {
	struct record_header header;
	struct record_credentials credentials;
	struct record_file file;
	struct record_path cwd;
	u32 ppid;
	u16 argv_size;
	u16 filename_size;
	/* 0 unless rules want it: the environment holds secrets. */
	u16 environment_size;
	u8 argv_truncated;
	u8 environment_truncated;
	/* Process 1 of its pid namespace: in a container with one of its own, the container's own program. */
	u8 namespace_init;
	u8 filename_truncated;
	u8 reserved[2];
	/* Controlling terminal, empty without one. */
	char tty[TTY_NAME_MAX];
	/* argv, filename, path, working directory, environment */
	char data[];
};

struct record_fork {
	struct record_header header;
	u32 child_pid;
	u32 reserved;
	/* CLONE_... */
	u64 flags;
};

struct record_exit {
	struct record_header header;
	s32 status;
	u32 reserved;
};

struct record_open {
	struct record_header header;
	u32 flags;
	s32 retval;
	/* As passed, and without meaning where nothing was to be created. */
	u32 mode;
	u8 created;
	u8 reserved[3];
	/* Of an open that was refused, or that rules want. */
	struct record_user_path name;
	/* The task's root directory, for a name that is to be joined. */
	struct record_path root;
	struct record_file file;
	/* name, root, path */
	char data[];
};

/* What a call did to the name or the attributes of a file. */
struct record_path_change {
	struct record_header header;
	s32 retval;
	/* As passed; 0 for calls without. */
	u32 flags;
	u32 mode;
	u32 umask;
	/* New owner; all ones leaves it as it is. */
	u32 uid;
	u32 gid;
	/* Descriptor that the path is relative to, or AT_FDCWD. */
	s32 directory;
	u32 reserved;
	struct record_user_path name;
	/* Second path, name of an attribute, content of a symbolic link. */
	struct record_user_path second_name;
	/* The task's root directory. */
	struct record_path root;
	/* Facts and path of the file if the kernel still knows it, else no facts and where `name` begins. */
	struct record_file file;
	struct record_path second_path;
	/* name, second name, root, path, second path */
	char data[];
};

/* Addresses and ports in network byte order. */
struct record_address {
	u16 family;
	u16 port;
	u8 ip[16];
};

struct record_socket {
	struct record_header header;
	s32 retval;
	u16 protocol;
	u16 reserved;
	struct record_address local;
	struct record_address remote;
};

struct record_socket_made {
	struct record_header header;
	s32 retval;
	u32 domain;
	/* With the flags that a program may add to it. */
	u32 kind;
	u32 protocol;
};

struct record_socket_option {
	struct record_header header;
	s32 retval;
	u32 level;
	u32 option;
	/* Of the socket. */
	u16 family;
	u16 kind;
	u16 protocol;
	/* Instructions of an attached filter. */
	u16 filter_length;
	u32 reserved;
};

struct record_capability {
	struct record_header header;
	u32 capability;
	/* Inode of the user namespace over whose resources the power was asked for. */
	u32 user_namespace;
	u8 granted;
	u8 reserved[7];
};

struct record_unix {
	struct record_header header;
	struct record_file file;
	s32 retval;
	/* The data is a name of the abstract namespace, which begins with a NUL. */
	u8 abstract;
	u8 reserved[3];
	char data[];
};

struct record_dns {
	struct record_header header;
	u16 protocol;
	/* Of the data, and of what was sent or received. */
	u16 size;
	u16 whole_size;
	u16 reserved;
	struct record_address server;
	u32 reserved_too;
	char data[];
};

struct record_cgroup {
	struct record_header header;
	u64 parent;
	u32 slot;
	u16 path_size;
	u16 reserved;
	char data[];
};

/* Bounds of the variable parts, in bytes. */
/* Of argv, and of the environment. */
#define ARGV_MAX 4096
#define FILENAME_MAX 1024
#define PATH_BYTES_MAX 4096
#define PATH_COMPONENTS_MAX 64
#define DNS_BYTES_MAX 512
/* sun_path */
#define UNIX_NAME_MAX 108
#define CGROUP_PATH_MAX 1024
/*
 * The largest record is an exec: 216 + 4096 + 1024 + 2 x 4096 + 4096 = 17624. What is put together piece by piece is bounded
 * piece by piece, so the buffer has room for one more of the largest.
 */
#define RECORD_MAX 22528

#endif
