// SPDX-License-Identifier: Apache-2.0
#include "placement/digest.h"

#include "base/alloc.h"

void digest_alloc(struct compute_host *host)
{
	size_t n_pages = 0;

	for (size_t i = 0; i < host->n_cells; i++)
		n_pages += host->cells[i].n_pages;
	free(host->digest);
	struct digest *d =
		xcalloc(1, sizeof(*d) + host->n_cells * sizeof(*d->cells) +
				   n_pages * sizeof(*d->pages) + host->n_pools * sizeof(*d->pools));
	d->cells = (struct digest_cell *)(d + 1);
	d->pages = (struct digest_pages *)(d->cells + host->n_cells);
	d->pools = (struct digest_pool *)(d->pages + n_pages);
	host->digest = d;
}

/* How many of the core's CPUs are in the set. */
static unsigned count_in(const struct compute_core *core, const struct cpuset *cpus)
{
	unsigned n = 0;

	for (unsigned i = 0; i < core->n; i++)
		n += cpuset_has(cpus, core->cpus[i]);
	return n;
}

static void count_cores(const struct compute_cell *c, struct digest_cell *d)
{
	struct cpuset free = cpuset_without(&c->dedicated, &c->pinned);
	unsigned cores_with[COMPUTE_THREADS_MAX + 1] = {
		0}; /* [t]: cores with t free CPUs or more */

	d->n_free = (uint16_t)cpuset_count(&free);
	d->threads = 1;
	for (size_t i = 0; i < c->n_cores; i++) {
		for (unsigned t = count_in(&c->cores[i], &free); t > 0; t--)
			cores_with[t]++;
		if (c->cores[i].n > d->threads)
			d->threads = c->cores[i].n;
	}
	d->free_cores = (uint16_t)cores_with[1];
	d->whole_cores = (uint16_t)cores_with[d->threads];
	d->with_siblings = 0;
	for (unsigned t = 2; t <= COMPUTE_THREADS_MAX; t++) {
		if (t * cores_with[t] > d->with_siblings)
			d->with_siblings = (uint16_t)(t * cores_with[t]);
	}
}

static uint64_t same_socket(const struct compute_host *host, const struct compute_cell *c)
{
	uint64_t cells = 0;

	for (size_t i = 0; c->socket >= 0 && i < host->n_cells; i++) {
		if (host->cells[i].socket == c->socket)
			cells |= UINT64_C(1) << i;
	}
	return cells;
}

static uint16_t digest_pages(const struct compute_cell *c, struct digest_pages *ret)
{
	for (size_t i = 0; i < c->n_pages; i++) {
		const struct compute_pages *p = &c->pages[i];

		ret[i] = (struct digest_pages){.total = p->total,
					       .free = p->total - p->used - p->reserved,
					       .size_kb = p->size_kb};
	}
	return (uint16_t)c->n_pages;
}

/* Index of the node's cell; -1: no node, -2: a node without a cell. */
static int16_t cell_of(const struct compute_host *host, int node)
{
	for (size_t i = 0; i < host->n_cells; i++)
		if (host->cells[i].id == node)
			return (int16_t)i;
	return node < 0 ? -1 : -2;
}

void compute_host_recount(struct compute_host *host)
{
	struct digest *d = host->digest;
	uint16_t first_page = 0;

	for (size_t i = 0; i < host->n_cells; i++) {
		const struct compute_cell *c = &host->cells[i];

		d->cells[i] = (struct digest_cell){
			.memory_mb = c->memory_mb,
			.memory_used_mb = c->memory_used_mb,
			.shared_usage = c->shared_usage,
			.same_socket = same_socket(host, c),
			.id = c->id,
			.n_shared = (uint16_t)cpuset_count(&c->shared),
			.n_dedicated = (uint16_t)cpuset_count(&c->dedicated),
			.one_set = cpuset_equal(&c->shared, &c->dedicated),
			.first_page = first_page,
			.n_pages = digest_pages(c, &d->pages[first_page]),
		};
		count_cores(c, &d->cells[i]);
		first_page = (uint16_t)(first_page + c->n_pages);
	}
	for (size_t i = 0; i < host->n_pools; i++) {
		const struct pci_pool *p = &host->pools[i];

		d->pools[i] = (struct digest_pool){
			.physnet = p->physnet,
			.free = p->free,
			.type = (uint8_t)p->type,
			.trusted = (int8_t)p->trusted,
			.cell = cell_of(host, p->node),
		};
	}
}
