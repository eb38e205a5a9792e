/* SPDX-License-Identifier: Apache-2.0 */
/* The day-0 files of one VM of a draft, in its dialect. */
#pragma once

#include "deploy/draft.h"

/* Of one VM. */
struct draft_vm {
	const struct draft *draft;
	const char *name;
	const char *suffix; /* of its files: "", "-2" */
	const char *macs[1 + DRAFT_LEGS_MAX];
	struct ip_prefix management, service, service6; /* version 0: none */
};

/* Called for each file: dst in the guest ("--user-data" for the user data), path and content, which
 * it owns. */
typedef void draft_put_fn(void *data, const char *dst, char *path, char *content);
void draft_day0(const struct draft_vm *vm, draft_put_fn *put, void *data);
