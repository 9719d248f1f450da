/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The handlers of calls that send and receive: their buffers may be questions and answers of DNS, their addresses peers, and
 * what is no socket may be a control file. Part of classic.bpf.c, which has what handlers share.
 */
#ifndef MESSAGE_HANDLERS_H
#define MESSAGE_HANDLERS_H

static __always_inline u8 direction_of(u8 kind)
{
	switch (kind) {
	case SYSCALL_RECVFROM:
	case SYSCALL_READ:
	case SYSCALL_RECVMSG:
	case SYSCALL_READV:
	case SYSCALL_RECVMMSG:
		return RECORD_DNS_RESPONSE;
	default:
		return RECORD_DNS_QUERY;
	}
}

/* sendto and write; recvfrom and read: one buffer */
SYSCALL_HANDLER(handle_buffer)
{
	struct task_struct *task = current_task();
	long result = result_of(ctx);
	struct cgroup_state *state = dispatched_cgroup();
	struct pt_regs *regs = registers_of(ctx, task);
	struct sock *sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	struct message_peer peer;
	u8 kind = kind_of(ctx);

	if (!sk && kind == SYSCALL_WRITE && rules_want_kind(SYSCALL_CONTROL_WRITE))
		bpf_tail_call(ctx, &handlers, SYSCALL_CONTROL_WRITE);
	if (!sk)
		return 0;
	if (!peer_of_message(&peer, state, sk, kind == SYSCALL_WRITE || kind == SYSCALL_READ ? 0 : SYSCALL_ARG4(regs),
			     SYSCALL_ARG3(regs)))
		return 0;
	if (is_dns(&peer) && result > 0)
		dns_buffer(task, state, &peer, direction_of(kind), (void *)SYSCALL_ARG1(regs), SYSCALL_ARG2(regs),
			   result);
	if (kind == SYSCALL_SENDTO)
		sent(task, state, &peer);
	return 0;
}

/*
 * A message in parts. Global, and with the socket as a number, so that it is verified once and not for each of several
 * messages. Returns whether anybody might want more from this socket.
 */
__noinline int one_message(struct user_message *message, u64 sock, u32 kind, u64 flags, u64 result)
{
	struct task_struct *task = current_task();
	struct cgroup_state *state = dispatched_cgroup();
	struct message_peer peer;

	if (!message || !peer_of_message(&peer, state, (struct sock *)sock, message->name_size ? message->name : 0, flags))
		return 0;
	if (is_dns(&peer) && (s64)result > 0)
		dns_parts(task, state, &peer, direction_of(kind), message, result);
	if (kind == SYSCALL_SENDMSG || kind == SYSCALL_SENDMMSG)
		sent(task, state, &peer);
	return 1;
}

/* sendmsg and writev; recvmsg and readv: parts of one message */
SYSCALL_HANDLER(handle_parts)
{
	struct pt_regs *regs = registers_of(ctx, current_task());
	struct user_message message = {};
	long result = result_of(ctx);
	u8 kind = kind_of(ctx);
	struct sock *sk = sock_of_fd(current_task(), SYSCALL_ARG0(regs));

	if (!sk && kind == SYSCALL_WRITEV && rules_want_kind(SYSCALL_CONTROL_WRITE))
		bpf_tail_call(ctx, &handlers, SYSCALL_CONTROL_WRITE);
	if (!sk)
		return 0;
	if (kind == SYSCALL_WRITEV || kind == SYSCALL_READV) {
		message.parts = SYSCALL_ARG1(regs);
		message.parts_count = SYSCALL_ARG2(regs);
	} else if (bpf_probe_read_user(&message, sizeof(message), (void *)SYSCALL_ARG1(regs))) {
		count_fault(dispatched_cgroup());
		return 0;
	}
	one_message(&message, (u64)sk, kind, SYSCALL_ARG2(regs), result);
	return 0;
}

/*
 * sendmmsg, recvmmsg: the result counts messages. A resolver sends the questions for A and AAAA together; who sends more
 * than these to peers of their own is counted as cut.
 */
#define MESSAGES_MAX 8
SYSCALL_HANDLER(handle_messages)
{
	struct pt_regs *regs = registers_of(ctx, current_task());
	struct user_messages entry;
	long result = result_of(ctx);
	u8 kind = kind_of(ctx);
	struct sock *sk = sock_of_fd(current_task(), SYSCALL_ARG0(regs));
	int interest = 0;

	if (!sk || result <= 0)
		return 0;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		if (i >= result)
			return 0;
		if (bpf_probe_read_user(&entry, sizeof(entry), (void *)SYSCALL_ARG1(regs) + i * sizeof(entry))) {
			count_fault(dispatched_cgroup());
			return 0;
		}
		/* Each may have a peer of its own: one of no interest says nothing of the next. */
		interest |= one_message(&entry.message, (u64)sk, kind, SYSCALL_ARG3(regs), entry.transferred);
	}
	if (interest && result > MESSAGES_MAX)
		count_truncation(dispatched_cgroup());
	return 0;
}

#endif
