/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets made and options set, for rules: raw and packet sockets, netlink, filters. */
#ifndef SOCKET_SETUP_H
#define SOCKET_SETUP_H

#include "socket.h"

#define SOL_SOCKET 1
#define SO_ATTACH_FILTER 26
#define SO_ATTACH_REUSEPORT_CBPF 51

static __always_inline void socket_made(struct task_struct *task, struct cgroup_state *state, struct pt_regs *regs,
					s32 retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	u32 wanted = approve_any(RECORD_SOCKET);
	struct record_socket_made *record;

	if (!buffer || !wanted)
		return;
	record = &buffer->socket_made;
	fill_header(&record->header, RECORD_SOCKET, wanted, task, state);
	record->retval = retval;
	record->domain = SYSCALL_ARG0(regs);
	record->kind = SYSCALL_ARG1(regs);
	record->protocol = SYSCALL_ARG2(regs);
	emit(&record->header, sizeof(*record), state, false);
}

/* struct sock_fprog: a count of instructions, and where they are. */
static __always_inline u16 filter_length(u32 level, u32 option, void *value)
{
	u16 length = 0;

	if (level != SOL_SOCKET || (option != SO_ATTACH_FILTER && option != SO_ATTACH_REUSEPORT_CBPF))
		return 0;
	if (bpf_probe_read_user(&length, sizeof(length), value))
		COUNT(counters.user_faults);
	return length;
}

static __always_inline void option_set(struct task_struct *task, struct cgroup_state *state, struct pt_regs *regs,
				       s32 retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct sock *sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	struct record_socket_option *record;
	u32 wanted;

	if (!buffer || !sk)
		return;
	wanted = approve_any(RECORD_SETSOCKOPT);
	if (!wanted)
		return;
	record = &buffer->socket_option;
	fill_header(&record->header, RECORD_SETSOCKOPT, wanted, task, state);
	record->retval = retval;
	record->level = SYSCALL_ARG1(regs);
	record->option = SYSCALL_ARG2(regs);
	record->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record->kind = BPF_CORE_READ(sk, sk_type);
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	record->filter_length = filter_length(record->level, record->option, (void *)SYSCALL_ARG3(regs));
	record->reserved = 0;
	emit(&record->header, sizeof(*record), state, false);
}

#endif
