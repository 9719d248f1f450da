/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes through the ring buffer. agent/kernel/record-layout.ts holds the same offsets for the decoder; the build puts
 * those of this file, as the compiler laid them out, beside the programs, and a blob whose layouts differ is refused.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "kernel-types.h"

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
};

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
};

/* Enumerations as bit fields: one byte each, and their values reach the BTF that the build reads. */
struct record_header {
	u32 size;
	enum record_type type : 8;
	enum record_purpose purpose : 8;
	u16 reserved;
	u64 time;
	u64 cgroup;
	u64 started_at;
	u32 pid;
	u32 exec_id;
	u32 uid;
	u32 mount_namespace;
};

/* Components follow in the data, leaf first, each with its NUL: the order in which the kernel can be walked. */
struct record_path {
	u16 size;
	u16 components;
	enum path_flag flags : 16;
	u16 reserved;
};

struct record_exec {
	struct record_header header;
	u64 inode;
	u32 ppid;
	u16 argv_size;
	u16 filename_size;
	u8 argv_truncated;
	/* Process 1 of its pid namespace: in a container with one of its own, the container's own program. */
	u8 namespace_init;
	u8 reserved[6];
	struct record_path path;
	/* argv, then filename, then path */
	char data[];
};

struct record_fork {
	struct record_header header;
	u32 child_pid;
	u32 reserved;
};

struct record_exit {
	struct record_header header;
	s32 status;
	u32 reserved;
};

struct record_open {
	struct record_header header;
	u64 inode;
	u32 mode;
	u32 flags;
	s32 retval;
	u8 created;
	u8 reserved[3];
	struct record_path path;
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

struct record_dns {
	struct record_header header;
	u16 protocol;
	u16 size;
	struct record_address server;
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
#define ARGV_MAX 4096
#define FILENAME_MAX 1024
#define PATH_BYTES_MAX 4096
#define PATH_COMPONENTS_MAX 64
#define DNS_BYTES_MAX 512
#define CGROUP_PATH_MAX 1024
/* The largest record is an exec: 112 + 4096 + 1024 + 4096 = 9328, rounded up to leave room for alignment. */
#define RECORD_MAX 10240

#endif
