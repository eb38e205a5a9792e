// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/alloc.h"
#include "ddi/generate_internal.h"
#include "ddi/plan.h"

struct ranges {
	struct ip_range *v;
	size_t n;
};

static void add_range(struct ranges *l, const struct ip_addr *first, const struct ip_addr *last)
{
	if (first->version)
		*array_push(l->v, l->n) = (struct ip_range){*first, *last};
}

static void add_one(struct ranges *l, const struct ip_addr *ip)
{
	add_range(l, ip, ip);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct ip_range *x = a, *y = b;
	int order = ip_compare(&x->first, &y->first);

	return order ? order : ip_compare(&x->last, &y->last);
}

/* What no client may get. */
static struct ranges taken_of(const struct ddi_plan *plan, const struct ddi_network *n)
{
	struct ip_addr first = ip_prefix_first(&n->prefix), last = ip_prefix_last(&n->prefix);
	struct ranges l = {0};

	if (n->prefix.addr.version == 6 || ip_prefix_reserves(&n->prefix, &first))
		add_one(&l, &first);
	if (ip_prefix_reserves(&n->prefix, &last))
		add_one(&l, &last);
	add_one(&l, &n->gateway);
	for (uint32_t i = 0; i < n->relay.n; i++)
		add_one(&l, &plan->relays[n->relay.first + i].ip);
	for (uint32_t i = 0; i < n->exclude.n; i++)
		add_range(&l, &plan->excludes[n->exclude.first + i].range.first,
			  &plan->excludes[n->exclude.first + i].range.last);
	/* the routers' anycast address of a pool that is a subnet (RFC 4291, 2.6.1) */
	for (uint32_t i = 0; i < n->pools.n; i++)
		if (n->prefix.addr.version == 6 && plan->pools[n->pools.first + i].len)
			add_one(&l, &plan->pools[n->pools.first + i].range.first);
	for (uint32_t i = 0; i < n->reservations.n; i++)
		add_one(&l, &plan->reservations[n->reservations.first + i].address);
	for (uint32_t i = 0; i < n->hosts.n; i++)
		add_one(&l, &plan->hosts[n->hosts.first + i].address);
	for (size_t i = 0; i < plan->n_members; i++) {
		const struct ddi_member *m = &plan->members[i];

		add_one(&l, &m->auth);
		add_one(&l, &m->auth6);
		add_one(&l, &m->cache);
		add_one(&l, &m->cache6);
		add_one(&l, &m->dhcp);
	}
	return l;
}

/* Adds the pool without the taken ranges, which are ascending from *at on. */
static void cut(struct ranges *l, struct ip_range pool, const struct ranges *taken, size_t *at)
{
	for (; *at < taken->n; (*at)++) {
		const struct ip_range *t = &taken->v[*at];
		struct ip_addr before = t->first;

		if (ip_compare(&t->last, &pool.first) < 0)
			continue;
		if (ip_compare(&t->first, &pool.last) > 0)
			break;
		if (ip_compare(&t->first, &pool.first) > 0 && ip_add(&before, -1))
			add_range(l, &pool.first, &before);
		pool.first = t->last;
		if (ip_compare(&t->last, &pool.last) >= 0 || !ip_add(&pool.first, 1))
			return;
	}
	add_range(l, &pool.first, &pool.last);
}

struct ip_range *pools_of(const struct ddi_plan *plan, const struct ddi_network *network,
			  size_t *ret_n)
{
	struct ranges taken = taken_of(plan, network), pools = {0}, cuts = {0};
	size_t at = 0;

	for (uint32_t i = 0; i < network->pools.n; i++)
		*array_push(pools.v, pools.n) = plan->pools[network->pools.first + i].range;
	if (taken.n)
		qsort(taken.v, taken.n, sizeof(*taken.v), compare_ranges);
	if (pools.n)
		qsort(pools.v, pools.n, sizeof(*pools.v), compare_ranges);
	for (size_t i = 0; i < pools.n; i++)
		cut(&cuts, pools.v[i], &taken, &at);
	free_all(taken.v, pools.v);
	*ret_n = cuts.n;
	return cuts.v;
}
