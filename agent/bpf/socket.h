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

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool is_ip(u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline void remote_address(struct record_address *address, struct sock *sk, u16 family)
{
	address->family = family;
	address->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (family == AF_INET)
		*(u32 *)address->ip = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	else
		bpf_probe_read_kernel(address->ip, 16,
				      (void *)sk + bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
}

static __always_inline void local_address(struct record_address *address, struct sock *sk, u16 family)
{
	address->family = family;
	/* The only port that the kernel keeps in its own byte order. */
	address->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
	if (family == AF_INET)
		*(u32 *)address->ip = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	else
		bpf_probe_read_kernel(address->ip, 16,
				      (void *)sk + bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr));
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

/* An IPv4 address may end where the caller's memory ends, so the longer form is tried first and the shorter one then. */
static __always_inline bool user_address(struct record_address *address, void *user)
{
	struct user_sockaddr name = {};

	if (bpf_probe_read_user(&name, sizeof(name), user) && bpf_probe_read_user(&name, 16, user)) {
		COUNT(counters.user_faults);
		return false;
	}
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

/* `fd` is the socket's, `name` the address argument of connect and bind. */
static __always_inline void socket_call(struct task_struct *task, struct cgroup_state *state, u8 type, u32 fd,
					void *name, s32 retval)
{
	struct scratch *buffer = get_scratch(SCRATCH_TASK);
	struct sock *sk = sock_of_fd(task, fd);
	struct record_socket *record;
	struct seen_key key;
	u16 family;

	if (!buffer || !sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (!is_ip(family))
		return;
	record = &buffer->socket;
	__builtin_memset(record, 0, sizeof(*record));
	record->retval = retval;
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	local_address(&record->local, sk, family);
	remote_address(&record->remote, sk, family);
	if (type == RECORD_CONNECT && !record->remote.port && !user_address(&record->remote, name))
		return;
	if (type == RECORD_BIND && retval < 0 && !user_address(&record->local, name))
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
	if (seen_before(&key))
		return;
	fill_header(&record->header, type, task, state);
	if (emit(&record->header, sizeof(*record), state, false))
		remember(&key);
}

#endif
