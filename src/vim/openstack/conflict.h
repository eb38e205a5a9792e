/* SPDX-License-Identifier: Apache-2.0 */
/* Detects two runs, on two machines, that create the same deployment concurrently. */
#pragma once

#include <stddef.h>

struct err;
struct openstack;
struct vim_request;

/*
 * Lists networks and ports again. -EBUSY: another resource has the mark of one that was just
 * created, and ours is not the older. The newer of two concurrent runs rolls back. created_at has a
 * resolution of seconds: two runs of the same second both roll back.
 */
int conflict_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err);

/* -EBUSY: a network or port has the mark of one of these, and this run neither created nor listed
 * it. */
int conflict_scan(struct openstack *os, const struct vim_request *wanted, size_t n,
		  struct err *err);
