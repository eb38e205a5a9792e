// SPDX-License-Identifier: Apache-2.0
/* Devices for ports: nova/pci/stats.py, for requests of one device each. */
#include <string.h>
#include <strings.h>

#include "placement/digest.h"
#include "placement/internal.h"

/* A port's request, and the pools as left by previous ports. */
struct pci_ask {
	const struct compute_host *host;
	const struct digest_pool *pools;
	const struct fit_port *port;
	const uint32_t *free;
	bool surely; /* unknown tags do not count */
};

/* _filter_pools_for_spec(): names compare without case (nova/pci/utils.py) */
static bool same_physnet(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0;
}

bool pci_pool_serves(const struct pci_pool *pool, const struct fit_port *port)
{
	return pool->type == port->type && same_physnet(pool->physnet, port->physnet);
}

bool pci_pool_grants(const struct pci_pool *pool, const struct fit_port *port)
{
	return pci_pool_serves(pool, port) && (!port->trusted || pool->trusted != TRI_NO);
}

static bool matches(const struct pci_ask *a, size_t i)
{
	const struct digest_pool *p = &a->pools[i];
	enum tristate least = a->surely ? TRI_YES : TRI_UNKNOWN;
	bool trusted = p->trusted == TRI_YES || p->trusted == least;

	return a->free[i] && (a->port->type != PCI_PF || p->type == PCI_PF) &&
	       same_physnet(p->physnet, a->port->physnet) && (!a->port->trusted || trusted);
}

static bool on_cells(const struct digest_pool *p, uint64_t cells, bool or_none)
{
	return (p->cell >= 0 && cells >> p->cell & 1) || (or_none && p->cell == -1);
}

/*
 * The first pool that passes, or -1. Nova filters by NUMA node before it drops PFs that were not
 * requested: a free PF on the right node hides free VFs elsewhere from "preferred".
 */
static int first_of(const struct pci_ask *a, uint64_t cells, bool or_none, bool *ret_any)
{
	int first = -1;

	*ret_any = false;
	for (size_t i = 0; i < a->host->n_pools; i++) {
		const struct digest_pool *p = &a->pools[i];

		if (!matches(a, i) || !on_cells(p, cells, or_none))
			continue;
		*ret_any = true;
		if (first < 0 && (a->port->type == PCI_PF || p->type != PCI_PF))
			first = (int)i;
	}
	return first;
}

/* _filter_pools_for_socket_affinity() */
static int on_socket(const struct pci_ask *a, uint64_t cells)
{
	uint64_t allowed = 0;
	bool any;

	for (size_t i = 0; i < a->host->n_cells; i++) {
		if (!a->host->digest->cells[i].same_socket)
			return -1;
		if (cells >> i & 1)
			allowed |= a->host->digest->cells[i].same_socket;
	}
	return first_of(a, allowed, false, &any);
}

static int anywhere(const struct pci_ask *a)
{
	for (size_t i = 0; i < a->host->n_pools; i++) {
		if (matches(a, i) && (a->port->type == PCI_PF || a->pools[i].type != PCI_PF))
			return (int)i;
	}
	return -1;
}

/* _filter_pools_for_numa_cells(), and the pool that is then taken first; -1: none */
static int with_affinity(const struct pci_ask *a, uint64_t cells)
{
	bool any;
	int strict = first_of(a, cells, false, &any);

	if (any || a->port->policy == AFFINITY_REQUIRED)
		return strict;
	if (a->port->policy == AFFINITY_SOCKET)
		return on_socket(a, cells);
	int legacy = first_of(a, cells, true, &any);
	if (any || a->port->policy == AFFINITY_LEGACY)
		return legacy;
	return anywhere(a); /* preferred, and nothing on the guest's nodes */
}

bool pci_fits(const struct compute_host *host, const struct fit_request *request, bool numa,
	      uint64_t cells, uint16_t *ret_pools, size_t *ret_port)
{
	uint32_t free[COMPUTE_POOLS_MAX];

	for (size_t i = 0; i < host->n_pools; i++)
		free[i] = host->digest->pools[i].free;
	for (size_t i = 0; i < request->n_ports; i++) {
		struct pci_ask a = {.host = host,
				    .pools = host->digest->pools,
				    .port = &request->ports[i],
				    .free = free,
				    .surely = request->surely};
		int pool = numa ? with_affinity(&a, cells) : anywhere(&a);

		if (pool < 0) {
			if (ret_port)
				*ret_port = i;
			return false;
		}
		free[pool]--;
		if (ret_pools)
			ret_pools[i] = (uint16_t)pool;
	}
	return true;
}
