// SPDX-License-Identifier: Apache-2.0
/*
 * numa_fit_instance_to_host() of nova/virt/hardware.py. Nova iterates over the permutations of the
 * host's nodes and modifies the guest's cells meanwhile: the id of the node last tried, and the
 * page size selected there. It caches results by (node, id of the cell); since the id changes, the
 * cached result of one cell is sometimes used for another. All of this affects verdicts, so it is
 * reproduced exactly.
 */
#include <string.h>

#include "placement/digest.h"
#include "placement/internal.h"

#define TRIES_MAX (1 << 17) /* 8 cells on 8 nodes have 40,320, for which Nova takes minutes */

/* Whether host cell a is tried before b: Nova's sorts, the last one first. */
static bool before(const struct search *s, const uint32_t *devices, size_t a, size_t b)
{
	const struct digest_cell *x = &s->host->digest->cells[a];
	const struct digest_cell *y = &s->host->digest->cells[b];
	int64_t x_free = x->memory_mb - x->memory_used_mb,
		y_free = y->memory_mb - y->memory_used_mb;

	if (devices[a] != devices[b])
		return s->request->n_ports ? devices[a] > devices[b] : devices[a] < devices[b];
	if (s->request->cpu_policy == CPU_POLICY_NONE ||
	    s->request->cpu_policy == CPU_POLICY_SHARED) {
		if (x->shared_usage != y->shared_usage)
			return x->shared_usage < y->shared_usage;
	} else if (x->n_free != y->n_free) {
		return x->n_free > y->n_free;
	}
	return x_free > y_free;
}

static void sort_cells(struct search *s)
{
	const struct compute_host *host = s->host;
	uint32_t devices[COMPUTE_CELLS_MAX] = {0};

	for (size_t i = 0; i < host->n_cells; i++)
		s->order[i] = (uint8_t)i;
	if (host->n_cells == s->request->n_cells)
		return;
	for (size_t i = 0; i < host->n_pools; i++) {
		const struct digest_pool *p = &host->digest->pools[i];

		if (p->cell >= 0)
			devices[p->cell] += p->free;
	}
	for (size_t i = 1; i < host->n_cells; i++) {
		uint8_t cell = s->order[i];
		size_t j = i;

		for (; j > 0 && before(s, devices, cell, s->order[j - 1]); j--)
			s->order[j] = s->order[j - 1];
		s->order[j] = cell;
	}
}

static void search_init(struct search *s, const struct compute_host *host,
			const struct fit_request *request)
{
	s->host = host;
	s->request = request;
	sort_cells(s);
	for (size_t g = 0; g < request->n_cells; g++) {
		s->id[g] = (uint8_t)(ID_FREE + g);
		s->page_size[g] = request->page_size;
		s->at[g] = (uint8_t)g;
		s->pinned_on[g] = COMPUTE_CELLS_MAX; /* none */
		s->fits[ID_FREE + g] = s->fails[ID_FREE + g] = 0;
	}
	for (size_t h = 0; h < host->n_cells; h++) {
		int id = host->digest->cells[h].id;

		if (id < (int)request->n_cells)
			s->id[id] = (uint8_t)h;
	}
	memset(s->fits, 0, host->n_cells * sizeof(*s->fits));
	memset(s->fails, 0, host->n_cells * sizeof(*s->fails));
}

/*
 * Tries the permutation until a cell does not fit; returns the number of cells that fit. *changed:
 * Nova cached or wrote something new, so the same prefix may have another result next time.
 */
static size_t try_permutation(struct search *s, bool *changed)
{
	*changed = false;
	s->untested = 0;
	for (size_t g = 0; g < s->request->n_cells; g++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): set for each cell */
		uint8_t h = s->order[s->at[g]], id = s->id[g];
		bool moved;

		if (s->fails[id] >> h & 1)
			return g;
		if (s->fits[id] >> h & 1) {
			*changed |= id != h;
			s->id[g] = h;
			s->untested |= UINT64_C(1) << g;
			continue;
		}
		*changed = true;
		enum fit_reason_kind kind =
			cell_fits(s->host, s->request, h, g, &s->page_size[g], &moved, NULL);
		if (moved)
			s->id[g] = s->pinned_on[g] = h;
		if (kind != FIT_OK) {
			s->fails[id] |= UINT64_C(1) << h;
			return g;
		}
		s->fits[id] |= UINT64_C(1) << h;
	}
	return s->request->n_cells;
}

/* The next permutation that differs at position last or before; false: none. */
static bool next_permutation(struct search *s, size_t last)
{
	size_t n = s->host->n_cells, r = s->request->n_cells;
	uint64_t used = 0;

	for (size_t i = 0; i <= last; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the same */
		used |= UINT64_C(1) << s->at[i];
	for (size_t i = last + 1; i-- > 0;) {
		size_t next = s->at[i] + 1u;

		used &= ~(UINT64_C(1) << s->at[i]);
		while (next < n && used >> next & 1)
			next++;
		if (next == n)
			continue;
		s->at[i] = (uint8_t)next;
		used |= UINT64_C(1) << next;
		for (size_t j = i + 1; j < r; j++) {
			s->at[j] = (uint8_t)__builtin_ctzll(~used);
			used |= UINT64_C(1) << s->at[j];
		}
		return true;
	}
	return false;
}

static uint64_t chosen(const struct search *s)
{
	uint64_t cells = 0;

	for (size_t g = 0; g < s->request->n_cells; g++)
		cells |= UINT64_C(1) << s->order[s->at[g]];
	return cells;
}

/*
 * Whether the claim on the host would succeed. A cell that fits only by Nova's cache may not fit
 * there, and it has the CPUs of the node on which it was last tested.
 */
static bool claim_succeeds(const struct search *s)
{
	for (uint64_t left = s->untested; left; left &= left - 1) {
		size_t g = (size_t)__builtin_ctzll(left);
		uint8_t h = s->order[s->at[g]];
		int64_t page_size = s->page_size[g];
		bool moved;

		if (s->request->cells[g].n_dedicated && s->pinned_on[g] != h)
			return false;
		if (cell_fits(s->host, s->request, h, g, &page_size, &moved, NULL) != FIT_OK)
			return false;
	}
	return true;
}

static void keep(const struct search *s, struct found_place *ret)
{
	for (size_t g = 0; g < s->request->n_cells; g++) {
		ret->cells[g] = s->order[s->at[g]];
		ret->pages[g] = s->page_size[g];
	}
}

/* All cells fit; FIT_SEARCH: but there are no devices for the ports. */
static enum fit_reason_kind try_devices(const struct search *s, uint64_t cells,
					struct found_place *ret)
{
	if (!pci_fits(s->host, s->request, true, cells, ret ? ret->pools : NULL, NULL))
		return FIT_SEARCH;
	if (!claim_succeeds(s))
		return FIT_MISTAKEN;
	if (ret)
		keep(s, ret);
	return FIT_OK;
}

enum fit_reason_kind fit_search(const struct compute_host *host, const struct fit_request *request,
				struct found_place *ret)
{
	size_t n = request->n_cells;
	uint64_t without_devices = 0; /* nodes last seen to lack them */
	struct search s;

	search_init(&s, host, request);
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		bool changed;
		size_t fitted = try_permutation(&s, &changed);
		uint64_t cells = fitted == n ? chosen(&s) : 0;

		if (cells && cells != without_devices) {
			enum fit_reason_kind kind = try_devices(&s, cells, ret);

			if (kind != FIT_SEARCH || host->n_cells == n) /* no other nodes to try */
				return kind;
			without_devices = cells;
		}
		/* if nothing changed, all permutations with this prefix have the same result */
		if (!next_permutation(&s, fitted < n && !changed ? fitted : n - 1))
			return FIT_SEARCH;
	}
	return FIT_GAVE_UP;
}
