/* SPDX-License-Identifier: Apache-2.0 */
/* The rate of queries that this machine sends and the server answers without loss. */
#pragma once

#include "deploy/dnsload.h"

/*
 * Tries options->qps, then less, half a second each, seven times at most. duration_ms and
 * wait_ms are not used. -EHOSTUNREACH: nothing was answered at all; -EINTR.
 */
int rate_find(struct vim *vim, const struct dnsload_options *options, unsigned *ret_qps,
	      struct err *err);

/* The rate to try after this result: the same when it was good, else less. Pure. */
unsigned rate_next(unsigned qps, const struct dnsload_result *result);
