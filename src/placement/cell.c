// SPDX-License-Identifier: Apache-2.0
/* One guest cell on one host cell: nova/virt/hardware.py, from counts alone. */
#include <stddef.h>

#include "base/alloc.h"
#include "placement/digest.h"
#include "placement/internal.h"

struct cell_check {
	const struct compute_host *host;
	const struct fit_request *request;
	const struct digest_cell *on;
	const struct fit_cell *cell;
	unsigned reserved; /* CPUs for the emulator's threads */
	struct fit_reason *why;
};

static enum fit_reason_kind refuse(const struct cell_check *k, enum fit_reason_kind kind,
				   int64_t page_kb, int64_t asked, int64_t free)
{
	if (k->why) {
		k->why->page_kb = page_kb;
		k->why->asked = asked;
		k->why->free = free;
	}
	return kind;
}

static const struct digest_pages *pages_of(const struct cell_check *k)
{
	return k->host->digest->pages + k->on->first_page;
}

/* NUMACell.can_fit_pagesize() */
static enum fit_reason_kind pages_fit(const struct cell_check *k, const struct digest_pages *p,
				      bool use_free)
{
	int64_t kb = k->cell->memory_mb * 1024;

	if (use_free && kb > p->free * p->size_kb)
		return refuse(k, FIT_PAGES, p->size_kb, (kb + p->size_kb - 1) / p->size_kb,
			      p->free);
	if (kb > p->total * p->size_kb)
		return refuse(k, FIT_MEMORY_TOTAL, p->size_kb, k->cell->memory_mb,
			      p->total * p->size_kb / 1024);
	if (kb % p->size_kb)
		return refuse(k, FIT_PAGE_MULTIPLE, p->size_kb, k->cell->memory_mb, 0);
	return FIT_OK;
}

/* hardware._numa_cell_supports_pagesize_request() */
static enum fit_reason_kind page_size_fits(const struct cell_check *k, int64_t *page_size)
{
	const struct digest_pages *pages = pages_of(k);
	size_t first = 0, end = k->on->n_pages;

	if (*page_size > 0 || *page_size < PAGES_ANY) {
		for (size_t i = 0; i < end; i++) {
			if (pages[i].size_kb == *page_size)
				return pages_fit(k, &pages[i], true);
		}
		return refuse(k, FIT_PAGE_SIZE, *page_size, 0, 0);
	}
	if (*page_size == PAGES_SMALL && end)
		first = end - 1;
	else if (*page_size == PAGES_LARGE && end)
		end--;
	enum fit_reason_kind kind = refuse(k, FIT_PAGE_SIZE, 0, 0, 0);
	for (size_t i = first; i < end; i++) {
		kind = pages_fit(k, &pages[i], true);
		if (kind == FIT_OK) {
			*page_size = pages[i].size_kb;
			return FIT_OK;
		}
	}
	return kind;
}

static enum fit_reason_kind memory_fits(const struct cell_check *k, int64_t *page_size)
{
	if (*page_size != PAGES_NONE)
		return page_size_fits(k, page_size);
	if (k->on->n_pages) /* memory in small pages may be overcommitted, but not by a single guest
			     */
		return pages_fit(k, pages_of(k) + k->on->n_pages - 1, false);
	if (k->cell->memory_mb > k->on->memory_mb)
		return refuse(k, FIT_MEMORY_TOTAL, 0, k->cell->memory_mb, k->on->memory_mb);
	return FIT_OK;
}

static bool is_pinned(const struct fit_request *request)
{
	return request->cpu_policy == CPU_POLICY_DEDICATED ||
	       request->cpu_policy == CPU_POLICY_MIXED;
}

bool threads_fit(const struct compute_host *host, const struct fit_request *request)
{
	if (!request->image_wants_threads || host->n_cells == 0)
		return true;
	for (size_t i = 0; i < host->n_cells; i++)
		if (host->digest->cells[i].threads > 1)
			return true;
	return false;
}

static bool is_shared(const struct fit_request *request)
{
	return request->cpu_policy != CPU_POLICY_DEDICATED;
}

/* hardware._pack_instance_onto_cores(): whether any packing exists */
static enum fit_reason_kind pack_fits(const struct cell_check *k)
{
	const struct digest_cell *on = k->on;
	unsigned n = k->cell->n_dedicated;

	if (n == 0)
		return refuse(k, FIT_NO_PINNED, 0, 1, 0);
	switch (k->request->thread_policy) {
	case THREADS_NONE:
	case THREADS_PREFER:
		return FIT_OK; /* the count of free CPUs was checked */
	case THREADS_REQUIRE:
		if (on->threads <= 1)
			return refuse(k, FIT_NO_THREADS, 0, n, 0);
		if (on->with_siblings < n)
			return refuse(k, FIT_SIBLINGS, 0, n, on->with_siblings);
		return FIT_OK;
	case THREADS_ISOLATE:
		if (on->threads > 1 && !on->one_set)
			return refuse(k, FIT_ISOLATE, 0, n, 0);
		if (on->whole_cores < n)
			return refuse(k, FIT_CORES, 0, n, on->whole_cores);
		/* the emulator's threads cannot use a core of the guest */
		if (k->reserved && on->free_cores <= n)
			return refuse(k, FIT_EMULATOR, 0, 1, 0);
		return FIT_OK;
	}
	return FIT_OK;
}

static enum fit_reason_kind pinned_fit(const struct cell_check *k)
{
	unsigned asked = k->cell->n_dedicated + k->reserved;
	int64_t memory_free = k->on->memory_mb - k->on->memory_used_mb;

	if (asked > k->on->n_free)
		return refuse(k, FIT_DEDICATED, 0, asked, k->on->n_free);
	if (k->cell->memory_mb > memory_free)
		return refuse(k, FIT_MEMORY, 0, k->cell->memory_mb, memory_free);
	return pack_fits(k);
}

static enum fit_reason_kind shared_fit(const struct cell_check *k)
{
	double cpu_limit = k->on->n_shared * k->host->cpu_ratio;
	double ram_limit = (double)k->on->memory_mb * k->host->ram_ratio;

	if ((double)(k->on->shared_usage + k->cell->n_shared) > cpu_limit)
		return refuse(k, FIT_CPU_RATIO, 0, k->cell->n_shared,
			      (int64_t)cpu_limit - k->on->shared_usage);
	if ((double)(k->on->memory_used_mb + k->cell->memory_mb) > ram_limit)
		return refuse(k, FIT_RAM_RATIO, 0, k->cell->memory_mb,
			      (int64_t)ram_limit - k->on->memory_used_mb);
	return FIT_OK;
}

enum fit_reason_kind cell_fits(const struct compute_host *host, const struct fit_request *request,
			       size_t h, size_t g, int64_t *page_size, bool *moved,
			       struct fit_reason *why)
{
	struct cell_check k = {
		.host = host,
		.request = request,
		.on = &host->digest->cells[h],
		.cell = &request->cells[g],
		/* the emulator's threads are placed with guest cell 0 */
		.reserved = request->emulator_policy == EMULATOR_ISOLATE && g == 0,
		.why = why,
	};
	unsigned dedicated = k.cell->n_dedicated + k.reserved;

	*moved = false;
	enum fit_reason_kind kind = memory_fits(&k, page_size);
	if (kind != FIT_OK)
		return kind;
	if (is_pinned(request) && dedicated > k.on->n_dedicated)
		return refuse(&k, FIT_DEDICATED_TOTAL, 0, dedicated, k.on->n_dedicated);
	if (is_shared(request) && k.cell->n_shared > k.on->n_shared)
		return refuse(&k, FIT_SHARED_TOTAL, 0, k.cell->n_shared, k.on->n_shared);
	if (is_pinned(request)) {
		kind = pinned_fit(&k);
		if (kind != FIT_OK)
			return kind;
		*moved = true;
	}
	if (is_shared(request)) {
		kind = shared_fit(&k);
		if (kind != FIT_OK)
			return kind;
	}
	*moved = true;
	return FIT_OK;
}

/* Takes up to per_core free CPUs of each core with as many, until n are taken. */
static unsigned take(const struct compute_cell *cell, const struct cpuset *free, unsigned threads,
		     unsigned per_core, unsigned n, uint16_t *ret)
{
	unsigned taken = 0;

	for (size_t i = 0; i < cell->n_cores && taken < n; i++) {
		const struct compute_core *core = &cell->cores[i];
		uint16_t of_core[COMPUTE_THREADS_MAX];
		unsigned n_free = 0;

		for (unsigned j = 0; j < core->n; j++) {
			if (cpuset_has(free, core->cpus[j]))
				of_core[n_free++] = core->cpus[j];
		}
		for (unsigned j = 0; n_free >= threads && j < n_free && j < per_core && taken < n;
		     j++)
			ret[taken++] = of_core[j];
	}
	return taken;
}

static unsigned largest_core(const struct compute_cell *cell)
{
	unsigned threads = 1;

	for (size_t i = 0; i < cell->n_cores; i++)
		threads = cell->cores[i].n > threads ? cell->cores[i].n : threads;
	return threads;
}

/* The largest number of CPUs per core that yields n in total; the rest in any order. */
static void take_packed(const struct compute_cell *cell, const struct cpuset *free, unsigned n,
			uint16_t *ret)
{
	for (unsigned threads = COMPUTE_THREADS_MAX; threads > 0; threads--) {
		if (take(cell, free, threads, threads, n, ret) == n)
			return;
	}
	take(cell, free, 1, COMPUTE_THREADS_MAX, n, ret);
}

static int emulator_cpu(const struct compute_cell *cell, const struct cpuset *free,
			const struct fit_placed_cell *placed, bool whole_cores)
{
	struct cpuset left = *free;
	uint16_t cpu;

	for (size_t i = 0; i < placed->n_pins; i++) {
		cpuset_remove(&left, placed->pins[i].cpu);
		for (size_t j = 0; whole_cores && j < cell->n_cores; j++) {
			const struct compute_core *core = &cell->cores[j];
			bool used = false;

			for (unsigned t = 0; t < core->n; t++)
				used |= core->cpus[t] == placed->pins[i].cpu;
			for (unsigned t = 0; used && t < core->n; t++)
				cpuset_remove(&left, core->cpus[t]);
		}
	}
	return take(cell, &left, 1, 1, 1, &cpu) ? cpu : -1;
}

void cell_pin(const struct compute_cell *cell, const struct fit_request *request, size_t g,
	      struct fit_placed_cell *ret)
{
	const struct fit_cell *guest = &request->cells[g];
	struct cpuset free = cpuset_without(&cell->dedicated, &cell->pinned);
	bool isolate = request->thread_policy == THREADS_ISOLATE;
	unsigned n = guest->n_dedicated;
	uint16_t cpus[CPUSET_MAX];

	ret->emulator_cpu = -1;
	if (!is_pinned(request) || n == 0)
		return;
	if (isolate)
		take(cell, &free, largest_core(cell), 1, n, cpus);
	else
		take_packed(cell, &free, n, cpus);
	ret->pins = xcalloc(n, sizeof(*ret->pins));
	for_each_cpu (vcpu, &guest->dedicated) {
		ret->pins[ret->n_pins] =
			(struct fit_pin){.vcpu = (uint16_t)vcpu, .cpu = cpus[ret->n_pins]};
		ret->n_pins++;
	}
	if (request->emulator_policy == EMULATOR_ISOLATE && g == 0)
		ret->emulator_cpu = emulator_cpu(cell, &free, ret, isolate);
}
