/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that explain; nobody else includes it. */
#pragma once

#include "placement/explain.h"

#define FIXES_MAX 4 /* at once, on one host */

/* Does it fit, as far as is seen? */
bool fits_as_seen(enum fit_verdict verdict, const struct fit_request *request);

/* The first host that takes the request, n_hosts: none; the one at first is asked first. */
size_t first_fit(const struct compute_host *hosts, size_t n_hosts, size_t first,
		 const struct fit_request *request);

/* Adds what fits with another request. */
void explain_changes(const struct compute_host *hosts, size_t n_hosts,
		     const struct fit_request *request, struct explanation *ret);

/* Adds what fits with more room on hosts[at]. */
void explain_repairs(const struct compute_host *hosts, size_t at, const struct fit_request *request,
		     struct explanation *ret);
