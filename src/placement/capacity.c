// SPDX-License-Identifier: Apache-2.0
#include "placement/capacity.h"

#include <stdlib.h>

#include "base/alloc.h"

static void count(const struct compute_host *host, const struct fit_request *request,
		  unsigned limit, struct host_capacity *ret)
{
	compute_host_copy(host, &ret->full);
	while (ret->n < limit) {
		fit_host(&ret->full, request, &ret->last);
		if (ret->last.n_reasons)
			return;
		fit_consume(&ret->full, request, &ret->last);
		fit_result_clear(&ret->last);
		ret->n++;
	}
}

void capacity_count(const struct compute_host *hosts, size_t n_hosts,
		    const struct fit_request *request, unsigned limit, struct capacity *ret)
{
	struct capacity c = {.n_hosts = n_hosts};

	c.hosts = xcalloc(n_hosts, sizeof(*c.hosts));
	for (size_t i = 0; i < n_hosts; i++) {
		count(&hosts[i], request, limit, &c.hosts[i]);
		c.n += c.hosts[i].n;
	}
	*ret = c;
}

void capacity_clear(struct capacity *capacity)
{
	for (size_t i = 0; i < capacity->n_hosts; i++) {
		fit_result_clear(&capacity->hosts[i].last);
		compute_host_clear(&capacity->hosts[i].full);
	}
	free(capacity->hosts);
	*capacity = (struct capacity){0};
}
