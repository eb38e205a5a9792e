/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the files that explain. */
#pragma once

#include "placement/explain.h"

#define FIXES_MAX 4 /* at once, on one host */

/* Reasons as bits: 1 << kind. */
#define KIND(kind) (UINT64_C(1) << (kind))

/* A request that no host takes, and why not: kinds of reasons, one entry a host. */
struct explain_ctx {
	const struct compute_host *hosts;
	size_t n_hosts;
	const struct fit_request *request;
	const struct flavor *flavor; /* that it is made from */
	const struct image *image;   /* or NULL */
	const uint64_t *kinds;
	struct explanation *ret;
};

/* Adds what fits with another request. */
void explain_changes(const struct explain_ctx *q);

/* Adds what fits with more room on hosts[at]. */
void explain_repairs(const struct explain_ctx *q, size_t at);
