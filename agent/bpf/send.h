/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a message goes to or comes from. A datagram needs no connect: its peer is an argument of the call, and with
 * MSG_FASTOPEN that of a TCP connection too.
 */
#ifndef SEND_H
#define SEND_H

#include "socket.h"

#define DNS_PORT 53
#define MSG_FASTOPEN 0x20000000
/* First port that the kernel hands out by itself, unless net.ipv4.ip_local_port_range says otherwise. */
#define EPHEMERAL_FROM 32768

static __always_inline bool is_stream(u16 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
}

/* A message left, or began a connection that goes on without us. */
static __always_inline bool was_sent(long result)
{
	return result >= 0 || result == -EINPROGRESS;
}

#define KIND(kind) (1u << (kind))
/* Calls that any file takes, and that name no peer; those whose flags come third; and with them all that send or receive. */
#define FILE_KINDS (KIND(SYSCALL_READ) | KIND(SYSCALL_READV) | KIND(SYSCALL_WRITE) | KIND(SYSCALL_WRITEV))
#define FLAGS_THIRD_KINDS (KIND(SYSCALL_SENDMSG) | KIND(SYSCALL_RECVMSG))
#define MESSAGE_KINDS                                                                                                  \
	(FILE_KINDS | FLAGS_THIRD_KINDS | KIND(SYSCALL_SENDTO) | KIND(SYSCALL_SENDMMSG) | KIND(SYSCALL_RECVFROM) |      \
	 KIND(SYSCALL_RECVMMSG))

static __always_inline bool is_one_of(u8 kind, u32 kinds)
{
	return kind < 32 && kinds & KIND(kind);
}

/*
 * Whether there is anything in a call that sends or receives. Asked before a handler is, because there are more of these calls
 * than of all others, and nearly all are no datagrams and go to other ports than that of DNS.
 */
static __always_inline bool is_message(struct task_struct *task, struct pt_regs *regs, u8 kind, long result)
{
	struct sock *sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	u64 flags;

	/* A control file, perhaps. */
	if (!sk)
		return (kind == SYSCALL_WRITE || kind == SYSCALL_WRITEV) && rules_want_kind(SYSCALL_CONTROL_WRITE);
	if (!was_sent(result) || !is_ip(READ(sk, __sk_common.skc_family)))
		return false;
	if (READ(sk, __sk_common.skc_dport) == bpf_htons(DNS_PORT))
		return true;
	if (is_one_of(kind, FILE_KINDS))
		return false;
	flags = is_one_of(kind, FLAGS_THIRD_KINDS) ? SYSCALL_ARG2(regs) : SYSCALL_ARG3(regs);
	return flags & MSG_FASTOPEN || !is_stream(READ(sk, sk_protocol));
}

struct message_peer {
	struct record_address address;
	struct record_address local;
	u16 protocol;
	/* Given with the call: the socket need not be connected to it. */
	bool named;
};

/*
 * False if nobody wants to know: what goes through a connected socket to other ports than DNS was reported when it was
 * connected. `name` is the address argument of the call.
 */
static __always_inline bool peer_of_message(struct message_peer *peer, struct cgroup_state *state, struct sock *sk, u64 name,
					     u64 flags)
{
	struct sock_front front;

	if (!read_ip_socket(&front, sk))
		return false;
	if (!name && SOCK_FIELD(&front, u16, skc_dport) != bpf_htons(DNS_PORT))
		return false;
	__builtin_memset(peer, 0, sizeof(*peer));
	peer->protocol = BPF_CORE_READ(sk, sk_protocol);
	remote_address(&peer->address, &front);
	/* A connected stream has no use for a name. An IPv6 socket takes one without a family for none. */
	if (name && (!is_stream(peer->protocol) || flags & MSG_FASTOPEN)) {
		peer->named = user_address(&peer->address, (void *)name, peer->address.family, state);
		local_address(&peer->local, &front);
	}
	return peer->named || peer->address.port == bpf_htons(DNS_PORT);
}

static __always_inline bool is_dns(struct message_peer *peer)
{
	return peer->address.port == bpf_htons(DNS_PORT);
}

/*
 * A server that answers sends to a fresh port of each client: like an accepted connection, that is one behaviour for each
 * address of a client.
 */
static __always_inline bool is_answer(struct message_peer *peer)
{
	return bpf_ntohs(peer->local.port) < EPHEMERAL_FROM && bpf_ntohs(peer->address.port) >= EPHEMERAL_FROM;
}

static __always_inline void sent(struct task_struct *task, struct cgroup_state *state, struct message_peer *peer)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_socket *record;
	struct seen_key key;
	u32 wanted;

	if (!buffer || !peer->named)
		return;
	seen_key_of(&key, RECORD_SEND, task, state);
	key.access |= (u32)peer->protocol << 16;
	socket_key(&key, &peer->address, is_answer(peer) ? peer->local.port : peer->address.port, 0);
	wanted = purpose_of(RECORD_SEND, state, &key);
	if (!wanted)
		return;
	record = &buffer->socket;
	__builtin_memset(record, 0, sizeof(*record));
	fill_header(&record->header, RECORD_SEND, wanted, task, state);
	record->protocol = peer->protocol;
	record->local = peer->local;
	record->remote = peer->address;
	if (emit(&record->header, sizeof(*record), state, false))
		remember(&key, wanted);
}

#endif
