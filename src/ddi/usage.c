// SPDX-License-Identifier: Apache-2.0
#include "ddi/usage.h"

#include "base/alloc.h"
#include "ddi/extent.h"
#include "ddi/plan.h"

struct index {
	struct extents excludes;  /* merged */
	uint64_t *before;         /* addresses in those before it, modulo 2^64 */
	struct ip_addr *reserved; /* not excluded, ordered, once each */
	size_t n_reserved;
};

static int compare_addresses(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static void index_reserved(const struct ddi_plan *plan, struct index *x)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_reservations; i++) {
		const struct ip_addr *ip = &plan->reservations[i].address;

		if (ip->version && !extents_find(&x->excludes, ip))
			*array_push(x->reserved, x->n_reserved) = *ip;
	}
	if (x->n_reserved)
		qsort(x->reserved, x->n_reserved, sizeof(*x->reserved), compare_addresses);
	for (size_t i = 0; i < x->n_reserved; i++)
		if (n == 0 || !ip_equal(&x->reserved[n - 1], &x->reserved[i]))
			x->reserved[n++] = x->reserved[i];
	x->n_reserved = n;
}

static void make_index(const struct ddi_plan *plan, struct index *x)
{
	for (size_t i = 0; i < plan->n_excludes; i++)
		extents_add(&x->excludes, &plan->excludes[i].range, i, 0);
	extents_sort(&x->excludes);
	extents_merge(&x->excludes);
	x->before = xcalloc(x->excludes.n + 1, sizeof(*x->before));
	for (size_t i = 0; i < x->excludes.n; i++)
		x->before[i + 1] = x->before[i] + ip_range_size(&x->excludes.v[i].range);
	index_reserved(plan, x);
}

/* Addresses of excluded range number i that are below `end` (or all: NULL) and not below first. */
static uint64_t clipped(const struct index *x, size_t i, const struct ip_range *pool)
{
	struct ip_range r = x->excludes.v[i].range;

	if (ip_compare(&r.first, &pool->first) < 0)
		r.first = pool->first;
	if (ip_compare(&r.last, &pool->last) > 0)
		r.last = pool->last;
	return ip_range_size(&r);
}

static uint64_t excluded_in(const struct index *x, const struct ip_range *pool)
{
	size_t first = extents_from(&x->excludes, &pool->first);
	size_t end = extents_from(&x->excludes, &pool->last);

	/* `end` ends at or after the pool: it counts if it begins in it. */
	if (end < x->excludes.n && ip_compare(&x->excludes.v[end].range.first, &pool->last) <= 0)
		end++;
	if (first >= end)
		return 0;
	if (first + 1 == end)
		return clipped(x, first, pool);
	return clipped(x, first, pool) + clipped(x, end - 1, pool) + x->before[end - 1] -
	       x->before[first + 1];
}

/* How many reserved addresses are below ip, or at it. */
static size_t reserved_below(const struct index *x, const struct ip_addr *ip, bool at)
{
	size_t low = 0, high = x->n_reserved;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(&x->reserved[middle], ip) < (at ? 1 : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ddi_usage *ddi_usage(const struct ddi_plan *plan)
{
	struct index x = {0};
	struct ddi_usage *v = NULL;
	size_t n = 0;

	make_index(plan, &x);
	for (size_t i = 0; i < plan->n_pools; i++) {
		const struct ip_range *pool = &plan->pools[i].range;
		struct ddi_usage *u = array_push(v, n);

		u->size = ip_range_size(pool);
		u->excluded = excluded_in(&x, pool);
		u->reserved = reserved_below(&x, &pool->last, true) -
			      reserved_below(&x, &pool->first, false);
		u->free = u->size == UINT64_MAX ? UINT64_MAX
			  : u->excluded + u->reserved > u->size
				  ? 0
				  : u->size - u->excluded - u->reserved;
	}
	free_all(x.excludes.v, x.before, x.reserved);
	return v;
}
