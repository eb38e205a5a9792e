// SPDX-License-Identifier: Apache-2.0
#include "placement/fit.h"

#include "base/alloc.h"
#include "placement/internal.h"

/* The host's totals, checked before any node. */
static bool sums_fit(const struct compute_host *host, const struct fit_request *request)
{
	for (size_t i = 0; i < INVENTORY_CLASSES; i++) {
		if (!inventory_fits(&host->inventory[i], request->amount[i]))
			return false;
	}
	return request->n_cells <= host->n_cells && threads_fit(host, request);
}

static uint32_t smallest_page(const struct compute_cell *cell)
{
	return cell->n_pages ? cell->pages[cell->n_pages - 1].size_kb : 0;
}

static void fill(const struct compute_host *host, const struct fit_request *request,
		 const struct found_place *found, struct fit_result *ret)
{
	ret->n_cells = request->n_cells;
	ret->cells = ret->n_cells ? xcalloc(ret->n_cells, sizeof(*ret->cells)) : NULL;
	for (size_t g = 0; g < ret->n_cells; g++) {
		const struct compute_cell *cell = &host->cells[found->cells[g]];
		struct fit_placed_cell *placed = &ret->cells[g];

		placed->node = cell->id;
		placed->page_kb =
			found->pages[g] > 0 ? (uint32_t)found->pages[g] : smallest_page(cell);
		cell_pin(cell, request, g, placed);
	}
	ret->n_pools = request->n_ports;
	ret->pools = ret->n_pools ? xcalloc(ret->n_pools, sizeof(*ret->pools)) : NULL;
	for (size_t i = 0; i < ret->n_pools; i++)
		ret->pools[i] = found->pools[i];
}

/* Cheapest first. *searched is set if the nodes were searched. */
static bool find_place(const struct compute_host *host, const struct fit_request *request,
		       struct found_place *ret, enum fit_reason_kind *searched)
{
	if (!sums_fit(host, request) ||
	    !pci_fits(host, request, false, 0, ret ? ret->pools : NULL, NULL))
		return false;
	if (request->n_cells)
		*searched = fit_search(host, request, ret);
	return *searched == FIT_OK;
}

/* The first port that may get a device whose tag trusted is unknown; -1: none. */
static int doubtful_port(const struct compute_host *host, const struct fit_request *request)
{
	for (size_t i = 0; i < request->n_ports; i++)
		for (size_t k = 0; request->ports[i].trusted && k < host->n_pools; k++)
			if (host->pools[k].trusted == TRI_UNKNOWN && host->pools[k].free &&
			    pci_pool_serves(&host->pools[k], &request->ports[i]))
				return (int)i;
	return -1;
}

static enum fit_verdict undecided(enum fit_reason_kind kind, int port, struct fit_result *ret)
{
	if (!ret)
		return FIT_UNDECIDED;
	*ret = (struct fit_result){.verdict = FIT_UNDECIDED};
	*array_push(ret->reasons, ret->n_reasons) =
		(struct fit_reason){.kind = kind, .node = -1, .cell = -1, .port = port};
	return FIT_UNDECIDED;
}

enum fit_verdict fit_host(const struct compute_host *host, const struct fit_request *request,
			  struct fit_result *ret)
{
	enum fit_reason_kind searched = FIT_OK;
	struct fit_result result = {.verdict = FIT_NO};
	struct found_place found;

	if (host->contradiction)
		return undecided(FIT_CONTRADICTION, -1, ret);
	bool fits = find_place(host, request, ret ? &found : NULL, &searched);
	int doubtful = fits ? doubtful_port(host, request) : -1;
	if (doubtful >= 0) {
		struct fit_request surely = *request;

		surely.surely = true;
		if (!find_place(host, &surely, ret ? &found : NULL, &searched))
			return undecided(FIT_TRUST, doubtful, ret);
	}
	if (fits)
		result.verdict = request->unseen ? FIT_UNKNOWN : FIT_YES;
	else if (searched == FIT_GAVE_UP)
		result.verdict = FIT_UNDECIDED;
	if (!ret)
		return result.verdict;
	if (fits)
		fill(host, request, &found, &result);
	else
		fit_diagnose(host, request, searched, &result);
	*ret = result;
	return result.verdict;
}

bool fits_as_known(enum fit_verdict verdict)
{
	return verdict == FIT_YES || verdict == FIT_UNKNOWN;
}

/* hardware.numa_usage_from_instance_numa(), NUMACell.pin_cpus_with_siblings() */
static void consume_cell(struct compute_cell *cell, const struct fit_request *request, size_t g,
			 const struct fit_placed_cell *placed)
{
	const struct fit_cell *guest = &request->cells[g];
	bool siblings = request->thread_policy == THREADS_ISOLATE;
	struct cpuset taken = {0};

	for (size_t i = 0; i < cell->n_pages; i++) {
		if (cell->pages[i].size_kb == placed->page_kb)
			cell->pages[i].used += guest->memory_mb * 1024 / placed->page_kb;
	}
	cell->memory_used_mb += guest->memory_mb;
	cell->shared_usage += guest->n_shared;
	for (size_t i = 0; i < placed->n_pins; i++)
		cpuset_add(&taken, placed->pins[i].cpu);
	if (placed->emulator_cpu >= 0)
		cpuset_add(&taken, (unsigned)placed->emulator_cpu);
	for (size_t i = 0; siblings && i < cell->n_cores; i++) {
		const struct compute_core *core = &cell->cores[i];
		bool touched = false;

		for (unsigned t = 0; t < core->n; t++)
			touched |= cpuset_has(&taken, core->cpus[t]);
		for (unsigned t = 0; touched && t < core->n; t++)
			cpuset_add(&taken, core->cpus[t]);
	}
	cell->pinned = cpuset_or(&cell->pinned, &taken);
}

void fit_consume(struct compute_host *host, const struct fit_request *request,
		 const struct fit_result *result)
{
	for (size_t g = 0; g < result->n_cells; g++) {
		const struct compute_cell *cell = compute_host_node(host, result->cells[g].node);

		if (cell)
			consume_cell(&host->cells[cell - host->cells], request, g,
				     &result->cells[g]);
	}
	for (size_t i = 0; i < result->n_pools; i++) {
		struct pci_pool *pool = &host->pools[result->pools[i]];

		pool->free--;
		if (pool->free_vfs.n)
			free(pool->free_vfs.v[--pool->free_vfs.n]);
	}
	for (size_t i = 0; i < INVENTORY_CLASSES; i++)
		host->inventory[i].used += request->amount[i];
	compute_host_recount(host);
}

void fit_result_clear(struct fit_result *result)
{
	for (size_t i = 0; i < result->n_cells; i++)
		free(result->cells[i].pins);
	free_all(result->cells, result->pools, result->reasons);
	*result = (struct fit_result){0};
}
