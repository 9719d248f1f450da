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
