/* SPDX-License-Identifier: Apache-2.0 */
/* How many more guests of one kind fit, placed as Nova places one after the other. Pure. */
#pragma once

#include "placement/fit.h"

struct host_capacity {
	unsigned n; /* so many more fit */
	/* Why not one more; empty when limit was reached. */
	struct fit_result last;
	struct compute_host full; /* the host with them, which the reasons speak of */
};

struct capacity {
	struct host_capacity *hosts; /* one a host */
	size_t n_hosts;
	unsigned n; /* on all together */
};

/*
 * Counts up to limit on each host. Guests of one kind do not compete across hosts, so the sum does
 * not depend on the order in which hosts are chosen. Anti-affinity is not looked at: with it, a
 * host takes one.
 */
void capacity_count(const struct compute_host *hosts, size_t n_hosts,
		    const struct fit_request *request, unsigned limit, struct capacity *ret);
void capacity_clear(struct capacity *capacity);

#define cleanup_capacity __attribute__((__cleanup__(capacity_clear)))
