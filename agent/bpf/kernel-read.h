/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading what kernel pointers point to. Helper calls copy from any address, but each goes through two returns that
 * processors with flaws make slow. Since 6.2 the kernel can be told of what type a pointer is taken to be: then members are
 * plain loads, which give 0 where there is no memory. A kernel that cannot has no such enumerator, and the verifier removes
 * the branches that need it.
 */
#ifndef KERNEL_READ_H
#define KERNEL_READ_H

#include "kernel-types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The kernel's own list of functions that its verifier knows by name. */
enum special_kfunc_type { KF_bpf_rdonly_cast = 1 };
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym __weak;

#define CAN_CAST bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast)
/* Only where CAN_CAST. */
#define CAST(pointer)                                                                                                  \
	((typeof(pointer))bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(typeof(*(pointer)))))

/* READ(file, f_inode, i_mode) is file->f_inode->i_mode. */
#define READ(pointer, ...)                                                                                             \
	({                                                                                                             \
		typeof(___arrow(pointer, __VA_ARGS__)) member;                                                         \
		if (CAN_CAST)                                                                                          \
			member = ___arrow(CAST(pointer), __VA_ARGS__);                                                 \
		else                                                                                                   \
			member = BPF_CORE_READ(pointer, __VA_ARGS__);                                                  \
		member;                                                                                                \
	})

/* The pointer at an address. To the verifier it is a number: such may be arguments of global functions. */
static __always_inline void *read_pointer(void *address)
{
	struct timespec64 *place = address;
	void *pointer = NULL;

	/* Any type that begins with a number of 64 bits. */
	if (CAN_CAST)
		return (void *)CAST(place)->tv_sec;
	bpf_probe_read_kernel(&pointer, sizeof(pointer), place);
	return pointer;
}

#endif
