// SPDX-License-Identifier: Apache-2.0
#include "placement/compute.h"

#include "base/alloc.h"
#include "base/err.h"
#include "placement/digest.h"

static int pages_compare(const void *a, const void *b)
{
	const struct compute_pages *x = a, *y = b;

	return (x->size_kb < y->size_kb) - (x->size_kb > y->size_kb);
}

/* Gives each CPU that is in no core a separate core. */
static int complete_cores(struct compute_cell *c, struct err *err)
{
	struct cpuset all = cpuset_or(&c->shared, &c->dedicated), named = {0};

	for (size_t i = 0; i < c->n_cores; i++) {
		for (unsigned j = 0; j < c->cores[i].n; j++) {
			unsigned cpu = c->cores[i].cpus[j];

			if (cpuset_has(&named, cpu))
				return err_set(err, INVALID,
					       "node %d: CPU %u is listed twice in siblings", c->id,
					       cpu);
			cpuset_add(&named, cpu);
		}
	}
	struct cpuset rest = cpuset_without(&all, &named);
	for_each_cpu (cpu, &rest) {
		struct compute_core *core = array_push(c->cores, c->n_cores);

		core->n = 1;
		core->cpus[0] = (uint16_t)cpu;
	}
	return 0;
}

static int ready_cell(struct compute_host *host, size_t at, struct cpuset *seen, struct err *err)
{
	struct compute_cell *c = &host->cells[at];

	for (size_t i = 0; i < at; i++) {
		if (host->cells[i].id == c->id)
			return err_set(err, INVALID, "node %d is listed twice", c->id);
	}
	struct cpuset all = cpuset_or(&c->shared, &c->dedicated);
	struct cpuset twice = cpuset_and(&all, seen);
	if (cpuset_next(&twice, 0) < CPUSET_MAX)
		return err_set(err, INVALID, "CPU %u is in node %d and in another",
			       cpuset_next(&twice, 0), c->id);
	*seen = cpuset_or(seen, &all);
	if (c->n_pages)
		qsort(c->pages, c->n_pages, sizeof(*c->pages), pages_compare);
	for (size_t i = 1; i < c->n_pages; i++) {
		if (c->pages[i].size_kb == c->pages[i - 1].size_kb)
			return err_set(err, INVALID, "node %d: pages of %u KiB are listed twice",
				       c->id, c->pages[i].size_kb);
	}
	return complete_cores(c, err);
}

int compute_host_ready(struct compute_host *host, struct err *err)
{
	struct cpuset seen = {0};

	if (host->n_cells > COMPUTE_CELLS_MAX || host->n_pools > COMPUTE_POOLS_MAX)
		return err_code(err, INVALID, E2BIG, "more than %d NUMA nodes or %d NICs",
				COMPUTE_CELLS_MAX, COMPUTE_POOLS_MAX);
	for (size_t i = 0; i < host->n_cells; i++) {
		int r = ready_cell(host, i, &seen, err);
		if (r < 0)
			return r;
	}
	digest_alloc(host);
	compute_host_recount(host);
	return 0;
}

static struct pci_pool *pools_copy(const struct pci_pool *pools, size_t n)
{
	struct pci_pool *copy = xmemdup(pools, n * sizeof(*pools));

	for (size_t i = 0; i < n; i++) {
		struct pci_pool *p = &copy[i];
		const struct strv vfs = p->free_vfs;

		p->physnet = xstrdup(p->physnet);
		p->pf = xstrdup(p->pf);
		p->free_vfs = (struct strv){0};
		for (size_t j = 0; j < vfs.n; j++)
			strv_add(&p->free_vfs, vfs.v[j]);
	}
	return copy;
}

static void pools_free(struct pci_pool *pools, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pci_pool *p = &pools[i];

		free_all(p->physnet, p->pf);
		strv_clear(&p->free_vfs);
	}
	free(pools);
}

bool compute_host_map(struct compute_host *host, const char *pf, const char *physnet)
{
	for (size_t i = 0; i < host->n_unmapped; i++) {
		if (!streq(host->unmapped[i].pf, pf) || host->n_pools == COMPUTE_POOLS_MAX)
			continue;
		struct pci_pool *pool = array_push(host->pools, host->n_pools);
		*pool = host->unmapped[i];
		pool->physnet = xstrdup(physnet);
		host->n_unmapped--;
		memmove(&host->unmapped[i], &host->unmapped[i + 1],
			(host->n_unmapped - i) * sizeof(*host->unmapped));
		digest_alloc(host);
		compute_host_recount(host);
		return true;
	}
	return false;
}

void compute_host_copy(const struct compute_host *from, struct compute_host *ret)
{
	struct compute_host h = *from;

	h.name = xstrdup(from->name);
	h.contradiction = xstrdup(from->contradiction);
	h.digest = NULL;
	h.cells = xmemdup(from->cells, from->n_cells * sizeof(*h.cells));
	for (size_t i = 0; i < h.n_cells; i++) {
		struct compute_cell *c = &h.cells[i];

		c->pages = xmemdup(c->pages, c->n_pages * sizeof(*c->pages));
		c->cores = xmemdup(c->cores, c->n_cores * sizeof(*c->cores));
	}
	h.pools = pools_copy(from->pools, from->n_pools);
	h.unmapped = pools_copy(from->unmapped, from->n_unmapped);
	digest_alloc(&h);
	compute_host_recount(&h);
	*ret = h;
}

void compute_host_clear(struct compute_host *host)
{
	for (size_t i = 0; i < host->n_cells; i++) {
		free_all(host->cells[i].pages, host->cells[i].cores);
	}
	free(host->cells);
	pools_free(host->pools, host->n_pools);
	pools_free(host->unmapped, host->n_unmapped);
	free_all(host->name, host->contradiction, host->digest);
	*host = (struct compute_host){0};
}

/*
 * placement/objects/allocation.py, _check_capacity_exceeded(); max_unit is the total, including
 * reserved resources (nova/virt/libvirt/driver.py, update_provider_tree()).
 */
bool inventory_fits(const struct inventory *inventory, int64_t amount)
{
	if (inventory->total < 0 || amount == 0)
		return true;
	return amount <= inventory->total && amount <= inventory_free(inventory);
}

int64_t inventory_free(const struct inventory *inventory)
{
	return (int64_t)((double)(inventory->total - inventory->reserved) * inventory->ratio) -
	       inventory->used;
}

const char *inventory_class_name(enum inventory_class class)
{
	static const char *const names[] = {
		[INVENTORY_VCPU] = "VCPU",
		[INVENTORY_PCPU] = "PCPU",
		[INVENTORY_MEMORY_MB] = "MEMORY_MB",
		[INVENTORY_DISK_GB] = "DISK_GB",
	};

	return names[class];
}

const struct compute_cell *compute_host_node(const struct compute_host *host, int id)
{
	return array_find(host->cells, host->n_cells, it->id == id);
}
