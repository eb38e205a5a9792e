/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs, on two machines, that create the same deployment at the same time. */
#pragma once

#include <stddef.h>

struct err;
struct openstack;
struct vim_request;

/*
 * Lists networks and ports again. -EBUSY: one with the mark of one that was just created has
 * another id, and ours is not the older of the two. The newer of two concurrent runs rolls back.
 * created_at is in seconds: two of the same second both roll back, which leaves none rather than
 * two.
 */
int conflict_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err);

/* -EBUSY: a network or port has the mark of one of these, and this run neither created nor listed
 * it. */
int conflict_scan(struct openstack *os, const struct vim_request *wanted, size_t n,
		  struct err *err);
