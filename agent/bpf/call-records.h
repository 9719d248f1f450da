/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of calls that only rules ask about: what was passed, and what it was aimed at. */
#ifndef CALL_RECORDS_H
#define CALL_RECORDS_H

#include "records.h"

/* What all records of calls begin with. */
struct record_call_facts {
	s64 retval;
	/* As they were passed; a compat call's have 32 bits each. */
	u64 arguments[6];
	/* What two of the pointers among them point to, where the kind of call says so in calls.h. */
	u64 details[2];
	/* Number of the call in the tables of 64-bit or, in a RECORD_COMPAT_CALL, of 32-bit programs. */
	u32 number;
	enum syscall_kind kind : 8;
	u8 truncated;
	/* Of the strings, or of the bytes written, at the end of the data. */
	u16 text_size;
};

/* A process that a call is aimed at, as the agent's pid namespace numbers it; all 0 if there is none, or no more. */
struct record_target {
	u64 started_at;
	u32 pid;
	u32 exec_id;
};

struct record_call {
	struct record_header header;
	struct record_call_facts call;
	struct record_target target;
	/* Strings among the arguments, each with its NUL. */
	char data[];
};

struct record_file_call {
	struct record_header header;
	struct record_call_facts call;
	struct record_file file;
	/* Path, then strings or bytes written. */
	char data[];
};

struct record_credentials_call {
	struct record_header header;
	struct record_call_facts call;
	/* Those that the task has after the call. */
	struct record_credentials credentials;
};

enum bpf_object {
	BPF_OBJECT_NONE = 0,
	BPF_OBJECT_MAP,
	BPF_OBJECT_PROGRAM,
};

#define BPF_NAME_MAX 16
struct record_bpf {
	struct record_header header;
	struct record_call_facts call;
	u32 type;
	u32 attach_type;
	/* Of a program: the start of the hash of its instructions. */
	u8 tag[8];
	char name[BPF_NAME_MAX];
	enum bpf_object object : 8;
	u8 reserved[7];
};

/* Of a string argument of a call; three of them at most. */
#define CALL_STRING_MAX 1024
/* Of what is written to a file that controls the kernel. */
#define CALL_WRITTEN_MAX 256

#endif
