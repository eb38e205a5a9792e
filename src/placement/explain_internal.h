/* SPDX-License-Identifier: Apache-2.0 */
/* Private to explain, change and repair. */
#pragma once

#include "placement/explain.h"

#define FIXES_MAX 4 /* at once, on one host */

/* Reasons as bits: 1 << kind. */
#define KIND(kind) (UINT64_C(1) << (kind))

/* A request that fits on no host, and kinds of reasons, one entry per host. */
struct explain_ctx {
	const struct compute_host *hosts;
	size_t n_hosts;
	const struct fit_request *request;
	const struct flavor *flavor; /* that it was derived from */
	const struct image *image;   /* or NULL */
	const uint64_t *kinds;
	struct explanation *ret;
};

/* Adds changed requests that fit. */
void explain_changes(const struct explain_ctx *q);

/* Adds changes of hosts[at] with which it fits. */
void explain_repairs(const struct explain_ctx *q, size_t at);
