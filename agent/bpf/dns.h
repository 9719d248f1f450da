/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS messages, taken from the user's buffers when the call returns: glibc and Java use sendmmsg, musl and c-ares sendto,
 * Node's dgram sendmsg, Go write on a connected socket, glibc over TCP writev. The pages were just in use, so they are
 * resident. Packets further down would show translated ports (a cluster's DNS service) and no process.
 */
#ifndef DNS_H
#define DNS_H

#include "socket.h"

#define DNS_PORT 53
#define DNS_HEADER 12
/* Each part of a gathered message may be this long; DNS over UDP to a resolver is one part, over TCP length and message. */
#define PARTS_MAX 4

/* struct user_msghdr, struct mmsghdr and struct iovec of 64-bit programs. */
struct user_message {
	u64 name;
	u32 name_size;
	u32 padding;
	u64 parts;
	u64 parts_count;
	u64 control[2];
	u64 flags;
};
struct user_messages {
	struct user_message message;
	u32 transferred;
	u32 padding;
};
struct user_part {
	u64 base;
	u64 size;
};

/* Whether the message goes to, or comes from, a DNS server. An address given with the call wins over the connected peer. */
static __always_inline bool dns_peer(struct record_dns *record, struct sock *sk, u64 name)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (!is_ip(family))
		return false;
	__builtin_memset(&record->server, 0, sizeof(record->server));
	remote_address(&record->server, sk, family);
	if (name && !user_address(&record->server, (void *)name))
		return false;
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	return record->server.port == bpf_htons(DNS_PORT);
}

/* Copies the parts one after another; returns the bytes copied. */
static __always_inline u64 gather(char *to, u64 parts, u64 count, u64 total)
{
	u64 offset = 0;

	for (int i = 0; i < PARTS_MAX; i++) {
		struct user_part part;
		u64 size;

		if (i >= count || offset >= total || offset >= DNS_BYTES_MAX)
			break;
		if (bpf_probe_read_user(&part, sizeof(part), (void *)(parts + i * sizeof(part))))
			break;
		size = part.size < total - offset ? part.size : total - offset;
		size = CLAMP(size, DNS_BYTES_MAX);
		/* The scratch buffer is far larger than two times DNS_BYTES_MAX, so an overlong part needs no other care. */
		if (bpf_probe_read_user(to + CLAMP(offset, DNS_BYTES_MAX), size, (void *)part.base)) {
			COUNT(counters.user_faults);
			break;
		}
		offset += size;
	}
	return CLAMP(offset, DNS_BYTES_MAX);
}

/* A name has 255 bytes at most, its type and class four. */
#define QUESTION_MAX 259

/*
 * Bytes of the first question's name, type and class. Walks bytes and not labels, so that each step looks the same to the
 * verifier; compression pointers do not occur in a first question.
 */
__noinline u32 question_size(struct hashed_bytes *question)
{
	u32 label = 0;

	if (!question)
		return 0;
	for (u32 i = 0; i < QUESTION_MAX - 4; i++) {
		if (label) {
			label--;
			continue;
		}
		label = ((u8 *)question)[i];
		if (label == 0 || label > 63)
			return i + 1 + 4;
	}
	return QUESTION_MAX;
}

/* `record` holds protocol, server and `size` bytes of data. */
static __always_inline void dns_message(struct task_struct *task, struct cgroup_state *state, struct record_dns *record,
					u8 type, u64 size)
{
	/* Over TCP a length of two bytes comes first. */
	u32 start = DNS_HEADER + (record->protocol == IPPROTO_TCP ? 2 : 0);
	struct hashed_bytes *question = (struct hashed_bytes *)(record->data + start);
	struct seen_key key;

	if (size <= start)
		return;
	seen_key_of(&key, type, task, state);
	key.object = hash_bytes(question, question_size(question));
	key.object_detail = *(u32 *)record->server.ip;
	key.place = record->protocol;
	if (seen_before(&key))
		return;
	fill_header(&record->header, type, task, state);
	record->size = size;
	if (emit(&record->header, sizeof(*record) + CLAMP(size, DNS_BYTES_MAX), state, false))
		remember(&key);
}

/* sendto, write, recvfrom: one buffer. */
static __always_inline void dns_buffer(struct task_struct *task, struct cgroup_state *state, struct pt_regs *regs,
				       u8 type, u64 name, u64 transferred)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct sock *sk = sock_of_fd(task, SYSCALL_ARG0(regs));
	u64 size = CLAMP(transferred, DNS_BYTES_MAX);

	if (!sk || !buffer || !dns_peer(&buffer->dns, sk, name))
		return;
	if (bpf_probe_read_user(buffer->dns.data, size, (void *)SYSCALL_ARG1(regs))) {
		COUNT(counters.user_faults);
		return;
	}
	dns_message(task, state, &buffer->dns, type, size);
}

/* sendmsg, recvmsg, writev: parts of one message. */
static __always_inline void dns_parts(struct task_struct *task, struct cgroup_state *state, struct sock *sk, u8 type,
				      struct user_message *message, u64 transferred)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	u64 size;

	if (!buffer || !dns_peer(&buffer->dns, sk, message->name_size ? message->name : 0))
		return;
	size = gather(buffer->dns.data, message->parts, message->parts_count, transferred);
	dns_message(task, state, &buffer->dns, type, size);
}

#endif
