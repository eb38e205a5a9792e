// SPDX-License-Identifier: Apache-2.0
#include "placement/compute.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

uint64_t physnet_hash(const char *physnet)
{
	uint64_t hash = STR_HASH_INIT;

	if (!physnet)
		return 0;
	for (; *physnet; physnet++) {
		char c = (char)tolower((unsigned char)*physnet);
		hash = str_hash(hash, &c, 1);
	}
	return hash;
}

static int pages_compare(const void *a, const void *b)
{
	const struct compute_pages *x = a, *y = b;

	return (x->size_kb < y->size_kb) - (x->size_kb > y->size_kb);
}

static void recount_cell(struct compute_cell *c)
{
	struct cpus free = cpus_without(&c->dedicated, &c->pinned);

	c->n_shared = (uint16_t)cpus_count(&c->shared);
	c->n_dedicated = (uint16_t)cpus_count(&c->dedicated);
	c->n_free = (uint16_t)cpus_count(&free);
	c->one_set = cpus_equal(&c->shared, &c->dedicated);
	c->smallest_page_kb = c->n_pages ? c->pages[c->n_pages - 1].size_kb : 0;
	c->threads = 1;
	memset(c->cores_with, 0, sizeof(c->cores_with));
	for (size_t i = 0; i < c->n_cores; i++) {
		const struct compute_core *core = &c->cores[i];
		unsigned n = 0;

		for (unsigned j = 0; j < core->n; j++)
			n += cpus_has(&free, core->cpus[j]);
		for (unsigned t = 1; t <= n; t++)
			c->cores_with[t]++;
		if (core->n > c->threads)
			c->threads = core->n;
	}
}

void compute_host_recount(struct compute_host *host)
{
	for (size_t i = 0; i < host->n_cells; i++)
		recount_cell(&host->cells[i]);
}

/* Gives each CPU that no core names a core of its own. */
static int complete_cores(struct compute_cell *c, struct err *err)
{
	struct cpus all = cpus_or(&c->shared, &c->dedicated), named = {0};

	for (size_t i = 0; i < c->n_cores; i++) {
		for (unsigned j = 0; j < c->cores[i].n; j++) {
			unsigned cpu = c->cores[i].cpus[j];

			if (cpus_has(&named, cpu))
				return err_set(err, EINVAL,
					       "node %d: CPU %u stands twice in siblings", c->id,
					       cpu);
			cpus_add(&named, cpu);
		}
	}
	struct cpus rest = cpus_without(&all, &named);
	for (unsigned cpu = cpus_next(&rest, 0); cpu < CPUS_MAX; cpu = cpus_next(&rest, cpu + 1)) {
		struct compute_core *core = array_push(c->cores, c->n_cores);

		core->n = 1;
		core->cpus[0] = (uint16_t)cpu;
	}
	return 0;
}

static int ready_cell(struct compute_host *host, size_t at, struct cpus *seen, struct err *err)
{
	struct compute_cell *c = &host->cells[at];

	c->index = (int16_t)at;
	c->same_socket = 0;
	for (size_t i = 0; i < host->n_cells; i++) {
		if (i < at && host->cells[i].id == c->id)
			return err_set(err, EINVAL, "node %d stands there twice", c->id);
		if (host->cells[i].socket == c->socket)
			c->same_socket |= UINT64_C(1) << i;
	}
	struct cpus all = cpus_or(&c->shared, &c->dedicated);
	struct cpus twice = cpus_and(&all, seen);
	if (cpus_next(&twice, 0) < CPUS_MAX)
		return err_set(err, EINVAL, "CPU %u is in node %d and in another",
			       cpus_next(&twice, 0), c->id);
	*seen = cpus_or(seen, &all);
	qsort(c->pages, c->n_pages, sizeof(*c->pages), pages_compare);
	for (size_t i = 1; i < c->n_pages; i++) {
		if (c->pages[i].size_kb == c->pages[i - 1].size_kb)
			return err_set(err, EINVAL, "node %d: pages of %u KiB stand there twice",
				       c->id, c->pages[i].size_kb);
	}
	int r = complete_cores(c, err);
	if (r < 0)
		return r;
	recount_cell(c);
	return 0;
}

int compute_host_ready(struct compute_host *host, struct err *err)
{
	struct cpus seen = {0};

	if (host->n_cells > COMPUTE_CELLS_MAX || host->n_pools > COMPUTE_POOLS_MAX)
		return err_set(err, E2BIG, "more than %d NUMA nodes or %d NICs", COMPUTE_CELLS_MAX,
			       COMPUTE_POOLS_MAX);
	for (size_t i = 0; i < host->n_cells; i++) {
		int r = ready_cell(host, i, &seen, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < host->n_pools; i++) {
		struct pci_pool *p = &host->pools[i];
		const struct compute_cell *cell = compute_host_node(host, p->node);

		p->physnet_hash = physnet_hash(p->physnet);
		p->cell = cell ? cell->index : p->node < 0 ? -1 : -2;
	}
	return 0;
}

void compute_host_copy(const struct compute_host *from, struct compute_host *ret)
{
	struct compute_host h = *from;

	h.name = xstrdup(from->name);
	h.cells = from->n_cells ? xmemdup(from->cells, from->n_cells * sizeof(*h.cells)) : NULL;
	for (size_t i = 0; i < h.n_cells; i++) {
		struct compute_cell *c = &h.cells[i];

		c->pages = c->n_pages ? xmemdup(c->pages, c->n_pages * sizeof(*c->pages)) : NULL;
		c->cores = c->n_cores ? xmemdup(c->cores, c->n_cores * sizeof(*c->cores)) : NULL;
	}
	h.pools = from->n_pools ? xmemdup(from->pools, from->n_pools * sizeof(*h.pools)) : NULL;
	for (size_t i = 0; i < h.n_pools; i++) {
		struct pci_pool *p = &h.pools[i];
		char **vfs = p->free_vfs;

		p->physnet = xstrdup(p->physnet);
		p->pf = xstrdup(p->pf);
		p->free_vfs = xcalloc(p->n_free_vfs, sizeof(*p->free_vfs));
		for (size_t j = 0; j < p->n_free_vfs; j++)
			p->free_vfs[j] = xstrdup(vfs[j]);
	}
	*ret = h;
}

void compute_host_clear(struct compute_host *host)
{
	for (size_t i = 0; i < host->n_cells; i++) {
		free(host->cells[i].pages);
		free(host->cells[i].cores);
	}
	free(host->cells);
	for (size_t i = 0; i < host->n_pools; i++) {
		struct pci_pool *p = &host->pools[i];

		free(p->physnet);
		free(p->pf);
		for (size_t j = 0; j < p->n_free_vfs; j++)
			free(p->free_vfs[j]);
		free(p->free_vfs);
	}
	free(host->pools);
	free(host->name);
	*host = (struct compute_host){0};
}

/* placement/objects/allocation.py, _check_capacity_exceeded(); max_unit is the total. */
bool inventory_fits(const struct inventory *inventory, int64_t amount)
{
	if (inventory->total < 0 || amount == 0)
		return true;
	return amount <= inventory->total && amount <= inventory_free(inventory);
}

int64_t inventory_free(const struct inventory *inventory)
{
	return (int64_t)((double)inventory->total * inventory->ratio) - inventory->used;
}

const char *inventory_class_name(enum inventory_class class)
{
	switch (class) {
	case INVENTORY_VCPU:
		return "VCPU";
	case INVENTORY_PCPU:
		return "PCPU";
	case INVENTORY_MEMORY_MB:
		return "MEMORY_MB";
	case INVENTORY_DISK_GB:
		return "DISK_GB";
	}
	return "?";
}

const struct compute_pages *compute_cell_pages(const struct compute_cell *cell, uint32_t size_kb)
{
	for (size_t i = 0; i < cell->n_pages; i++) {
		if (cell->pages[i].size_kb == size_kb)
			return &cell->pages[i];
	}
	return NULL;
}

const struct compute_cell *compute_host_node(const struct compute_host *host, int id)
{
	for (size_t i = 0; i < host->n_cells; i++) {
		if (host->cells[i].id == id)
			return &host->cells[i];
	}
	return NULL;
}
