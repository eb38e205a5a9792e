/* SPDX-License-Identifier: Apache-2.0 */
/* How many addresses the pools of a plan have, and how many of them are free by the plan. Pure. */
#pragma once

#include <stdint.h>

struct ddi_plan;

/* Of one pool, in addresses; UINT64_MAX: that many or more. */
struct ddi_usage {
	uint64_t size;
	uint64_t excluded; /* by the network's "exclude" */
	uint64_t reserved; /* reservations inside that are not excluded */
	uint64_t free;     /* what DHCP can lease: none of these */
};

/* One for each pool of the plan, in its order; the caller frees. NULL: it has no pools. */
struct ddi_usage *ddi_usage(const struct ddi_plan *plan);
