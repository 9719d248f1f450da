/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf(2): the command, and the map or program that it makes or uses. */
#ifndef BPF_CALLS_H
#define BPF_CALLS_H

#include "calls.h"

/* Commands (enum bpf_cmd), as far as one knows where they name their object. */
enum {
	BPF_MAP_CREATE = 0,
	BPF_MAP_LOOKUP_ELEM = 1,
	BPF_MAP_GET_NEXT_KEY = 4,
	BPF_PROG_LOAD = 5,
	BPF_OBJ_GET = 7,
	BPF_PROG_ATTACH = 8,
	BPF_PROG_DETACH = 9,
	BPF_PROG_TEST_RUN = 10,
	BPF_PROG_GET_FD_BY_ID = 13,
	BPF_MAP_GET_FD_BY_ID = 14,
	BPF_RAW_TRACEPOINT_OPEN = 17,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21,
	BPF_MAP_FREEZE = 22,
	BPF_MAP_LOOKUP_BATCH = 24,
	BPF_MAP_DELETE_BATCH = 27,
	BPF_LINK_CREATE = 28,
	BPF_PROG_BIND_MAP = 35,
};

/* The front of union bpf_attr. */
struct bpf_attributes {
	u32 words[18];
};

/* The words of it that hold what is wanted here, by command. */
enum {
	MAP_TYPE_WORD = 0,
	MAP_NAME_WORD = 7,
	PROGRAM_TYPE_WORD = 0,
	PROGRAM_NAME_WORD = 12,
	PROGRAM_ATTACH_TYPE_WORD = 17,
	BATCH_MAP_FD_WORD = 9,
	ATTACH_TYPE_WORD = 2,
};

static __always_inline u32 object_fd(struct bpf_attributes *attributes, u32 command, long retval)
{
	switch (command) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_OBJ_GET:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
		return retval;
	case BPF_MAP_LOOKUP_ELEM ... BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_PROG_TEST_RUN:
	case BPF_LINK_CREATE:
	case BPF_PROG_BIND_MAP:
		return attributes->words[0];
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
		return attributes->words[1];
	case BPF_RAW_TRACEPOINT_OPEN:
		return attributes->words[2];
	case BPF_MAP_LOOKUP_BATCH ... BPF_MAP_DELETE_BATCH:
		return attributes->words[BATCH_MAP_FD_WORD];
	default:
		return ~0U;
	}
}

/* As the programs of the kernel's anonymous files are told apart: by name. */
#define MAP_FILE 0x70616d2d667062ULL	  /* "bpf-map" */
#define PROGRAM_FILE 0x676f72702d667062ULL /* "bpf-prog" */

static __always_inline void describe_object(struct record_bpf *record, struct file *file)
{
	struct path path = {};
	struct bpf_map *map;
	struct bpf_prog *program;
	u64 name = 0;

	bpf_probe_read_kernel(&path, sizeof(path), (void *)file + bpf_core_field_offset(struct file, f_path));
	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(path.dentry, d_name.name));
	map = BPF_CORE_READ(file, private_data);
	program = (void *)map;
	if (name == MAP_FILE) {
		record->object = BPF_OBJECT_MAP;
		record->type = BPF_CORE_READ(map, map_type);
		bpf_probe_read_kernel(record->name, BPF_NAME_MAX, (void *)map + bpf_core_field_offset(struct bpf_map, name));
	} else if (name == PROGRAM_FILE) {
		record->object = BPF_OBJECT_PROGRAM;
		record->type = BPF_CORE_READ(program, type);
		record->attach_type = BPF_CORE_READ(program, expected_attach_type);
		bpf_probe_read_kernel(record->tag, sizeof(record->tag),
				      (void *)program + bpf_core_field_offset(struct bpf_prog, tag));
		bpf_probe_read_kernel(record->name, BPF_NAME_MAX,
				      (void *)BPF_CORE_READ(program, aux) + bpf_core_field_offset(struct bpf_prog_aux, name));
	}
}

/* What a refused call asked for. */
static __always_inline void describe_wish(struct record_bpf *record, struct bpf_attributes *attributes, u32 command)
{
	if (command == BPF_MAP_CREATE) {
		record->object = BPF_OBJECT_MAP;
		record->type = attributes->words[MAP_TYPE_WORD];
		__builtin_memcpy(record->name, &attributes->words[MAP_NAME_WORD], BPF_NAME_MAX);
	} else if (command == BPF_PROG_LOAD) {
		record->object = BPF_OBJECT_PROGRAM;
		record->type = attributes->words[PROGRAM_TYPE_WORD];
		record->attach_type = attributes->words[PROGRAM_ATTACH_TYPE_WORD];
		__builtin_memcpy(record->name, &attributes->words[PROGRAM_NAME_WORD], BPF_NAME_MAX);
	}
}

static __always_inline void bpf_call(struct task_struct *task, struct cgroup_state *state, u8 kind, u32 number,
				     struct pt_regs *regs, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	u32 command = SYSCALL_ARG0(regs);
	struct bpf_attributes attributes = {};
	struct record_bpf *record;
	struct file *file;
	u32 wanted;
	u64 size;

	/* ENOENT is the everyday answer of a map that lacks a key, and the end of every walk over one. */
	if (!buffer || is_unfinished(retval) || retval == -ENOENT)
		return;
	wanted = approve_any(RECORD_BPF);
	if (!wanted)
		return;
	size = CLAMP(SYSCALL_ARG2(regs), sizeof(attributes));
	if (bpf_probe_read_user(&attributes, size, (void *)SYSCALL_ARG1(regs)))
		COUNT(counters.user_faults);
	record = &buffer->bpf;
	__builtin_memset(record, 0, sizeof(*record));
	fill_call(&record->call, kind, number, regs, retval);
	fill_header(&record->header, RECORD_BPF, wanted, task, state);
	file = file_of_fd(task, object_fd(&attributes, command, retval));
	if (file)
		describe_object(record, file);
	else
		describe_wish(record, &attributes, command);
	if (command == BPF_PROG_ATTACH || command == BPF_PROG_DETACH || command == BPF_LINK_CREATE)
		record->attach_type = attributes.words[ATTACH_TYPE_WORD];
	emit(&record->header, sizeof(*record), state, false);
}

#endif
