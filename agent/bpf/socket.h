/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who talks to whom, as the kernel's socket has it: below any translation of addresses at the socket layer. Where the socket
 * has no address (the call failed), the one that the program passed stands in.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include "path-walk.h"
#include "seen.h"
#include <bpf/bpf_endian.h>

static __always_inline struct sock *sock_of_fd(struct task_struct *task, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct socket *socket;

	if (!file || (READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = READ(file, private_data);
	return read_pointer((void *)socket + bpf_core_field_offset(struct socket, sk));
}

static __always_inline bool is_ip(u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

/*
 * The front of struct sock in one read instead of one for each member: family, ports and addresses lie in the first 88 bytes
 * on every kernel from 6.1 on. Most writes and sends of a container end with what is read here.
 */
struct sock_front {
	char bytes[96];
};
#define SOCK_FIELD(front, type, member)                                                                                \
	(*(type *)((front)->bytes + bpf_core_field_offset(struct sock, __sk_common.member)))

static __always_inline bool read_ip_socket(struct sock_front *front, struct sock *sk)
{
	return !bpf_probe_read_kernel(front, sizeof(*front), sk) && is_ip(SOCK_FIELD(front, u16, skc_family));
}

static __always_inline void remote_address(struct record_address *address, struct sock_front *front)
{
	address->family = SOCK_FIELD(front, u16, skc_family);
	address->port = SOCK_FIELD(front, u16, skc_dport);
	if (address->family == AF_INET)
		*(u32 *)address->ip = SOCK_FIELD(front, u32, skc_daddr);
	else
		__builtin_memcpy(address->ip, &SOCK_FIELD(front, struct in6_addr, skc_v6_daddr), 16);
}

static __always_inline void local_address(struct record_address *address, struct sock_front *front)
{
	address->family = SOCK_FIELD(front, u16, skc_family);
	/* The only port that the kernel keeps in its own byte order. */
	address->port = bpf_htons(SOCK_FIELD(front, u16, skc_num));
	if (address->family == AF_INET)
		*(u32 *)address->ip = SOCK_FIELD(front, u32, skc_rcv_saddr);
	else
		__builtin_memcpy(address->ip, &SOCK_FIELD(front, struct in6_addr, skc_v6_rcv_saddr), 16);
}

struct user_sockaddr {
	u16 family;
	u16 port;
	union {
		u8 ipv4[4];
		struct {
			u32 flow;
			u8 ipv6[16];
			u32 scope;
		};
	};
};

/*
 * An IPv4 address may end where the caller's memory ends, so the longer form is tried first and the shorter one then.
 * IPv4 sockets take an address without a family for one of theirs.
 */
static __always_inline bool user_address(struct record_address *address, void *user, u16 family, struct cgroup_state *state)
{
	struct user_sockaddr name = {};

	if (bpf_probe_read_user(&name, sizeof(name), user) && bpf_probe_read_user(&name, 16, user)) {
		count_fault(state);
		return false;
	}
	if (name.family == AF_UNSPEC && family == AF_INET)
		name.family = AF_INET;
	if (!is_ip(name.family))
		return false;
	address->family = name.family;
	address->port = name.port;
	if (name.family == AF_INET)
		__builtin_memcpy(address->ip, name.ipv4, 4);
	else
		__builtin_memcpy(address->ip, name.ipv6, 16);
	return true;
}

static __always_inline void socket_key(struct seen_key *key, struct record_address *peer, u16 port, s32 retval)
{
	key->object = *(u64 *)peer->ip;
	key->object_detail = *(u64 *)(peer->ip + 8);
	key->place = (u32)port << 16 | peer->family;
	key->access |= (u32)(u8)-retval << 8;
}

/* `name` is the address argument of connect and bind. */
static __always_inline void socket_call(struct task_struct *task, struct cgroup_state *state, u8 type, struct sock *sk,
					void *name, s32 retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct record_socket *record;
	struct sock_front front;
	/* A call that was refused for its address had none. */
	struct cgroup_state *loser = retval == -EFAULT || retval == -EINVAL ? NULL : state;
	struct seen_key key;
	u32 wanted;

	if (!buffer || !sk || !read_ip_socket(&front, sk))
		return;
	record = &buffer->socket;
	__builtin_memset(record, 0, sizeof(*record));
	record->retval = retval;
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	local_address(&record->local, &front);
	remote_address(&record->remote, &front);
	/* A socket that is refused a new peer keeps its old one. */
	if (type == RECORD_CONNECT && (!record->remote.port || (retval < 0 && retval != -EINPROGRESS)) &&
	    !user_address(&record->remote, name, 0, loser) && !record->remote.port)
		return;
	if (type == RECORD_BIND && retval < 0 && !user_address(&record->local, name, 0, loser))
		return;

	seen_key_of(&key, type, task, state);
	key.access |= (u32)record->protocol << 16;
	if (type == RECORD_CONNECT)
		socket_key(&key, &record->remote, record->remote.port, retval == -EINPROGRESS ? 0 : retval);
	else if (type == RECORD_ACCEPT)
		/* The peer's own port is arbitrary. */
		socket_key(&key, &record->remote, record->local.port, retval);
	else
		socket_key(&key, &record->local, record->local.port, retval);
	wanted = purpose_of(type, state, &key);
	if (!wanted)
		return;
	fill_header(&record->header, type, wanted, task, state);
	if (emit(&record->header, sizeof(*record), state, false))
		remember(&key, wanted);
}

#endif
