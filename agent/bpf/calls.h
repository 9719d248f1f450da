/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that rules ask about for themselves: what changes namespaces, credentials, limits, other processes or the
 * kernel. None of them is learned. Failed calls are reported too, for an attempt says as much as a success.
 */
#ifndef CALLS_H
#define CALLS_H

#include "call-targets.h"
#include "rules.h"

#define PR_SET_NAME 15

/* By kind of call: the record that it makes. */
static const u8 call_types[SYSCALL_KINDS] = {
	[SYSCALL_OPEN_HANDLE] = RECORD_SYSTEM_CALL,
	[SYSCALL_IO_URING_SETUP ... SYSCALL_IO_URING_REGISTER] = RECORD_SYSTEM_CALL,
	[SYSCALL_MOUNT] = RECORD_MOUNT,
	[SYSCALL_UMOUNT] = RECORD_UMOUNT,
	[SYSCALL_PIVOT_ROOT] = RECORD_PIVOT_ROOT,
	[SYSCALL_OPEN_TREE ... SYSCALL_MOUNT_SETATTR] = RECORD_MOUNT,
	[SYSCALL_UNSHARE] = RECORD_UNSHARE,
	[SYSCALL_SETNS] = RECORD_SETNS,
	[SYSCALL_PTRACE] = RECORD_PTRACE,
	[SYSCALL_PROCESS_VM_READV ... SYSCALL_PROCESS_VM_WRITEV] = RECORD_PROCESS_VM,
	[SYSCALL_KILL ... SYSCALL_RT_TGSIGQUEUEINFO] = RECORD_SIGNAL,
	[SYSCALL_PRCTL] = RECORD_PRCTL,
	[SYSCALL_MEMFD_CREATE] = RECORD_MEMFD_CREATE,
	[SYSCALL_MMAP] = RECORD_MMAP,
	[SYSCALL_MPROTECT ... SYSCALL_PKEY_MPROTECT] = RECORD_MPROTECT,
	[SYSCALL_SPLICE ... SYSCALL_VMSPLICE] = RECORD_SPLICE,
	[SYSCALL_BPF] = RECORD_BPF,
	[SYSCALL_PERF_EVENT_OPEN] = RECORD_PERF_EVENT_OPEN,
	[SYSCALL_INIT_MODULE ... SYSCALL_FINIT_MODULE] = RECORD_LOAD_MODULE,
	[SYSCALL_DELETE_MODULE] = RECORD_UNLOAD_MODULE,
	[SYSCALL_SETUID ... SYSCALL_SETFSUID] = RECORD_SETUID,
	[SYSCALL_SETGID ... SYSCALL_SETFSGID] = RECORD_SETGID,
	[SYSCALL_CAPSET] = RECORD_CAPSET,
	[SYSCALL_SETRLIMIT ... SYSCALL_PRLIMIT64] = RECORD_SETRLIMIT,
	[SYSCALL_SETGROUPS ... SYSCALL_PIDFD_GETFD] = RECORD_SYSTEM_CALL,
	[SYSCALL_COMPAT] = RECORD_COMPAT_CALL,
};

/* By kind of call: which arguments are strings that belong into the record, a bit for each. */
#define ARGUMENT(n) (1 << (n))
static const u8 call_strings[SYSCALL_KINDS] = {
	[SYSCALL_MOUNT] = ARGUMENT(0) | ARGUMENT(1) | ARGUMENT(2),
	[SYSCALL_UMOUNT] = ARGUMENT(0),
	[SYSCALL_PIVOT_ROOT] = ARGUMENT(0) | ARGUMENT(1),
	[SYSCALL_OPEN_TREE] = ARGUMENT(1),
	[SYSCALL_MOVE_MOUNT] = ARGUMENT(1) | ARGUMENT(3),
	[SYSCALL_FSOPEN] = ARGUMENT(0),
	[SYSCALL_MOUNT_SETATTR] = ARGUMENT(1),
	[SYSCALL_MEMFD_CREATE] = ARGUMENT(0),
	[SYSCALL_INIT_MODULE] = ARGUMENT(2),
	[SYSCALL_FINIT_MODULE] = ARGUMENT(1),
	[SYSCALL_DELETE_MODULE] = ARGUMENT(0),
};

/* fsconfig(fd, command, key, value, aux): what the key is given depends on the command. */
enum { FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY };

static __always_inline u8 strings_of(struct record_call_facts *call)
{
	u64 command = call->arguments[1];

	if (call->kind == SYSCALL_PRCTL)
		return call->arguments[0] == PR_SET_NAME ? ARGUMENT(1) : 0;
	if (call->kind != SYSCALL_FSCONFIG)
		return *(volatile u8 *)&call_strings[call->kind];
	if (command == FSCONFIG_SET_STRING || command == FSCONFIG_SET_PATH || command == FSCONFIG_SET_PATH_EMPTY)
		return ARGUMENT(2) | ARGUMENT(3);
	return command == FSCONFIG_SET_FLAG || command == FSCONFIG_SET_BINARY ? ARGUMENT(2) : 0;
}

/* By the size of its address space: the flag for it has another place on every architecture. */
static __always_inline bool is_32bit_program(struct task_struct *task)
{
	return task->mm->task_size <= 0xffffffff;
}

/*
 * Failures without information: the caller has to wait (EAGAIN), or the kernel will do the same call again or report EINTR in
 * its place (EINTR, and the kernel's own ERESTART* that the tracepoint still shows).
 */
static __always_inline bool is_unfinished(long retval)
{
	return retval == -EAGAIN || retval == -EINTR || (retval <= -512 && retval >= -516);
}

static __always_inline void fill_call(struct record_call_facts *call, u8 kind, u32 number, struct pt_regs *regs,
				      long retval)
{
	call->retval = retval;
	call->arguments[0] = SYSCALL_ARG0(regs);
	call->arguments[1] = SYSCALL_ARG1(regs);
	call->arguments[2] = SYSCALL_ARG2(regs);
	call->arguments[3] = SYSCALL_ARG3(regs);
	call->arguments[4] = SYSCALL_ARG4(regs);
	call->arguments[5] = SYSCALL_ARG5(regs);
	call->details[0] = 0;
	call->details[1] = 0;
	call->number = number;
	call->kind = kind;
	call->truncated = 0;
	call->text_size = 0;
}

static __always_inline void compat_arguments(struct record_call_facts *call, struct pt_regs *regs)
{
	u64 arguments[] = COMPAT_ARGUMENTS(regs);

#pragma unroll
	for (int i = 0; i < 6; i++)
		call->arguments[i] = (u32)arguments[i];
}

/* One string argument at `bytes`; returns its size with the NUL. A pointer that leads nowhere gives an empty string. */
static __always_inline u64 read_argument(struct record_call_facts *call, char *bytes, u64 pointer)
{
	long size = pointer ? bpf_probe_read_user_str(bytes, CALL_STRING_MAX, (void *)pointer) : 0;

	if (size < 0)
		COUNT(counters.user_faults);
	if (size <= 0) {
		bytes[0] = 0;
		return 1;
	}
	if (size == CALL_STRING_MAX)
		call->truncated = 1;
	return CLAMP(size, CALL_STRING_MAX);
}

/* Appends the string arguments to `bytes`, in their order, each empty one too. No call has more than three. */
static __always_inline u64 read_arguments(struct record_call_facts *call, char *bytes)
{
	u8 strings = strings_of(call);
	u64 size = 0;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		if (!(strings & ARGUMENT(i)))
			continue;
		size = CLAMP(size, 2 * CALL_STRING_MAX);
		size += read_argument(call, bytes + size, call->arguments[i]);
	}
	call->text_size = size;
	return size;
}

/* What a pointer among the arguments points to: two numbers of 64 bits. Returns false if this is no call to report. */
static __always_inline bool read_details(struct record_call_facts *call)
{
	u64 pointer;

	switch (call->kind) {
	case SYSCALL_PERF_EVENT_OPEN:
		/* struct perf_event_attr: type and size in one, config */
		pointer = call->arguments[0];
		break;
	case SYSCALL_SETRLIMIT:
		/* struct rlimit: current, maximum */
		pointer = call->arguments[1];
		break;
	case SYSCALL_PRLIMIT64:
		/* Without a new limit it only reads one. */
		if (!call->arguments[2])
			return false;
		pointer = call->arguments[2];
		break;
	default:
		return true;
	}
	if (bpf_probe_read_user(call->details, sizeof(call->details), (void *)pointer))
		COUNT(counters.user_faults);
	return true;
}

/* A call whose record holds its arguments, strings among them, and the process that it is aimed at. */
static __always_inline void plain_call(struct task_struct *task, struct cgroup_state *state, u8 type, u8 kind, u32 number,
				       struct pt_regs *regs, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_call *record;
	u32 wanted;
	u64 size;

	if (!buffer || is_unfinished(retval))
		return;
	record = &buffer->call;
	fill_call(&record->call, kind, number, regs, retval);
	if (kind == SYSCALL_COMPAT)
		compat_arguments(&record->call, regs);
	if (!read_details(&record->call))
		return;
	wanted = approve_any(type);
	if (!wanted)
		return;
	fill_header(&record->header, type, wanted, task, state);
	find_target(&record->target, task, &record->call);
	size = read_arguments(&record->call, record->data);
	if (record->call.truncated)
		count_truncation(state);
	emit(&record->header, sizeof(*record) + size, state, false);
}

/* A call that gives the task other credentials. */
static __always_inline void credentials_call(struct task_struct *task, struct cgroup_state *state, u8 type, u8 kind,
					     u32 number, struct pt_regs *regs, long retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	u32 wanted = approve_any(type);
	struct record_credentials_call *record;

	if (!buffer || !wanted)
		return;
	record = &buffer->credentials_call;
	fill_call(&record->call, kind, number, regs, retval);
	fill_header(&record->header, type, wanted, task, state);
	read_credentials(&record->credentials, task);
	emit(&record->header, sizeof(*record), state, false);
}

#endif
