/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS messages, taken from the user's buffers when the call returns: glibc and Java use sendmmsg, musl and c-ares sendto,
 * Node's dgram sendmsg, Go write and read on a connected socket, glibc over TCP writev. The pages were just in use, so they are
 * resident. Packets further down would show translated ports (a cluster's DNS service) and no process.
 */
#ifndef DNS_H
#define DNS_H

#include "send.h"
#include "user-parts.h"

#define DNS_HEADER 12

/* struct user_msghdr and struct mmsghdr of 64-bit programs. */
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

/* A name has 255 bytes at most, its type and class four. */
#define QUESTION_MAX 259

/*
 * Bytes of the first question's name, type and class. Walks bytes and not labels, so that each step looks the same to the
 * verifier. Compression pointers do not occur in a first question; should one, or any other nonsense, all bytes count.
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
			return label ? QUESTION_MAX : i + 1 + 4;
	}
	return QUESTION_MAX;
}

/*
 * Bytes before the message: over TCP its length comes first, unless it went through a call of its own. Then the number of
 * questions, always 1, stands where otherwise flags are that have never this value.
 */
static __always_inline u32 length_prefix(struct record_dns *record, struct message_peer *peer)
{
	return peer->protocol == IPPROTO_TCP && *(u16 *)(record->data + 4) != bpf_htons(1) ? 2 : 0;
}

/* What was asked: the first question of the message that begins at `start`, and what follows the message on a stream. */
static __always_inline u64 hash_of_questions(struct record_dns *record, u64 start, u64 size)
{
	struct hashed_bytes *question = (struct hashed_bytes *)(record->data + start + DNS_HEADER);
	/* Resolvers that guard against forged answers write the letters of a name in random cases. */
	u64 hash = hash_bytes(question, question_size(question), true);
	u64 end;

	if (!start)
		return hash;
	end = start + bpf_ntohs(*(u16 *)record->data);
	end = CLAMP(end, DNS_BYTES_MAX);
	if (end >= size)
		return hash;
	/* Another message with an identifier of its own: two such buffers are hardly ever alike. */
	return add_name(hash, hash_bytes((struct hashed_bytes *)(record->data + end), size - end, true));
}

/* `record` holds `size` bytes of `whole_size`. */
static __always_inline void dns_message(struct task_struct *task, struct cgroup_state *state, struct record_dns *record,
					struct message_peer *peer, u8 type, u64 size, u64 whole_size)
{
	u32 start = length_prefix(record, peer), *ip = (u32 *)peer->address.ip;
	struct seen_key key;
	u32 wanted;

	if (size <= start + DNS_HEADER)
		return;
	seen_key_of(&key, type, task, state);
	key.object = hash_of_questions(record, start, size);
	key.object_detail = add_name(ip[0] | (u64)ip[1] << 32, ip[2] | (u64)ip[3] << 32);
	key.place = peer->protocol;
	/* Learning takes what was asked, not what others made of it. */
	wanted = type == RECORD_DNS_QUERY ? purpose_of(type, state, &key) : approve_any(type);
	if (!wanted)
		return;
	fill_header(&record->header, type, wanted, task, state);
	record->protocol = peer->protocol;
	record->server = peer->address;
	record->size = size;
	record->whole_size = CLAMP(whole_size, 0xffff);
	record->reserved = 0;
	record->reserved_too = 0;
	if (emit(&record->header, sizeof(*record) + CLAMP(size, DNS_BYTES_MAX), state, false))
		remember(&key, wanted);
}

/* sendto, write, recvfrom, read: one buffer, of `room` bytes. */
static __always_inline void dns_buffer(struct task_struct *task, struct cgroup_state *state, struct message_peer *peer,
				       u8 type, void *from, u64 room, u64 transferred)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	/* With MSG_TRUNC a call tells of more than it has room for. */
	u64 size = CLAMP(transferred < room ? transferred : room, DNS_BYTES_MAX);

	if (!buffer)
		return;
	if (bpf_probe_read_user(buffer->dns.data, size, from)) {
		count_fault(state);
		return;
	}
	dns_message(task, state, &buffer->dns, peer, type, size, transferred);
}

/* sendmsg, recvmsg, writev, readv: parts of one message. */
static __always_inline void dns_parts(struct task_struct *task, struct cgroup_state *state, struct message_peer *peer,
				      u8 type, struct user_message *message, u64 transferred)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	u64 size;

	if (!buffer)
		return;
	size = gather(buffer->dns.data, message->parts, message->parts_count, transferred, DNS_BYTES_MAX);
	/* In more parts than are put together: its question may be lost. */
	if (size < transferred && size < DNS_BYTES_MAX)
		count_truncation(state);
	dns_message(task, state, &buffer->dns, peer, type, size, transferred);
}

#endif
