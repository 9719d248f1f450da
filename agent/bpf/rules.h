/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second stream: what a loaded rule could match is reported from every process of the node, containers or not, whatever
 * learning knows already. User space turns rules into approvers, each a condition that all events of one rule fulfil; what
 * passes one of them is no more than a candidate.
 */
#ifndef RULES_H
#define RULES_H

#include "name-hash.h"

/* Which kinds of approver there are for a type. The clamp never changes a number: it is for the verifier. */
static __always_inline u8 approvals_of(u8 type)
{
	return *(volatile u8 *)&rule_types[CLAMP(type, RECORD_TYPES - 1)];
}

static __always_inline bool rules_want(u8 type)
{
	return approvals_of(type);
}

/* Whether any record type that comes of this kind of system call is wanted. */
static __always_inline bool rules_want_kind(u8 kind)
{
	return *(volatile u64 *)&rule_kinds[CLAMP(kind / 64, SYSCALL_KINDS / 64 - 1)] & 1ULL << kind % 64;
}

/* Whether learning takes anything that comes of it. */
static __always_inline bool learned_kind(u8 kind)
{
	return learned_kinds[CLAMP(kind / 64, SYSCALL_KINDS / 64 - 1)] & 1ULL << kind % 64;
}

/*
 * The generic cell rate algorithm: an event passes unless it comes earlier than `due` by more than the tolerance. If another
 * CPU moves `due` at the same moment, both pass: the limit may be exceeded by the number of CPUs, never silently undercut.
 */
static __always_inline bool within_rate(struct approver *approver)
{
	u64 now, due, expected;

	if (!approver->interval)
		return true;
	now = bpf_ktime_get_boot_ns();
	expected = due = *(volatile u64 *)&approver->due;
	if (due < now)
		due = now;
	if (due - now > approver->tolerance)
		return false;
	__sync_val_compare_and_swap(&approver->due, expected, due + approver->interval);
	return true;
}

/* Global: verified once. Asks the approvers of one key. */
__noinline u32 ask_approvers(u32 type, u32 how, u64 hash, u32 flags)
{
	struct approver_key key = {.hash = hash, .type = type, .how = how, .set = *(volatile u32 *)&approver_set};
	struct approver_list *list = bpf_map_lookup_elem(&approver_lists, &key);
	u32 wanted = 0;

	if (!list)
		return 0;
	for (int i = 0; i < APPROVERS_OF_KEY; i++) {
		u32 index = list->indexes[i];
		struct approver *approver;

		if (!index)
			break;
		approver = bpf_map_lookup_elem(&approvers, &index);
		if (!approver)
			break;
		/* Found, though not with these flags: the same file may be opened with others. */
		wanted |= WANTED_FOUND;
		if (approver->flags && !(approver->flags & flags))
			continue;
		if (!within_rate(approver)) {
			COUNT(approver->limited);
			continue;
		}
		COUNT(approver->passed);
		if (!(wanted & PURPOSE_RULES))
			wanted |= PURPOSE_RULES | index % APPROVERS_IN_SET << WANTED_APPROVER_SHIFT;
		if (approver->urgent)
			wanted |= WANTED_URGENT;
	}
	return wanted;
}

/*
 * For what no condition can be asked of, because too little is known: any approver of the type may want it. One rate holds for
 * all of it on the node, that of the first entry of the set; WANTED_FOUND alone if it is used up.
 */
static __always_inline u32 approve_unchecked(void)
{
	u32 index = (*(volatile u32 *)&approver_set & 1) * APPROVERS_IN_SET;
	struct approver *approver = bpf_map_lookup_elem(&approvers, &index);

	if (!approver)
		return 0;
	if (!within_rate(approver)) {
		COUNT(approver->limited);
		return WANTED_FOUND;
	}
	COUNT(approver->passed);
	return WANTED_FOUND | PURPOSE_RULES;
}

/* By type, and the flags of an open. */
static __always_inline u32 approve_any_flags(u8 type, u32 flags)
{
	u32 wanted = 0;

	if (approvals_of(type) & APPROVE_ANY)
		wanted = ask_approvers(type, APPROVE_ANY, 0, flags);
	/* Of no use to callers that ask but once. */
	return wanted & ~WANTED_FOUND;
}

/* What has no flags passes whatever an approver asks for. */
#define ANY_FLAGS 0xffffffff

/* For what has no file: only the type decides. */
static __always_inline u32 approve_any(u8 type)
{
	return approve_any_flags(type, ANY_FLAGS);
}

#endif
