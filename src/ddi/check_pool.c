// SPDX-License-Identifier: Apache-2.0
/* Rules of pools, reservations and hosts. */
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/rule.h"
#include "ddi/usage.h"

static const struct ddi_network *network_at(const struct ddi_ctx *ctx, uint32_t i)
{
	return &ctx->plan->networks[i];
}

/* Whether the rules can compare an address of that version with the network's prefix. */
static bool same_family(const struct ddi_network *n, const struct ip_addr *ip)
{
	return ip->version && n->prefix.addr.version == ip->version;
}

/* ---- pools ---- */

static void pool_outside(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_pools; i++) {
		const struct ddi_pool *p = &ctx->plan->pools[i];
		const struct ddi_network *n = network_at(ctx, p->network);

		if (same_family(n, &p->range.first) &&
		    (!ip_prefix_contains(&n->prefix, &p->range.first) ||
		     !ip_prefix_contains(&n->prefix, &p->range.last)))
			finding(ctx, p->line, "the pool %s is not in %s, and Kea does not start",
				range_text(&p->range), prefix_text(&n->prefix));
	}
}

static void pools_overlap(struct ddi_ctx *ctx, const struct extent *earlier,
			  const struct extent *later)
{
	finding(ctx, later->line, "the pool %s overlaps the pool %s", range_text(&later->range),
		range_text(&earlier->range));
	related(ctx, earlier->line);
}

static void pool_overlap(struct ddi_ctx *ctx)
{
	each_overlap(ctx, &ctx->pools, pools_overlap);
}

static void pool_edge(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_pools; i++) {
		const struct ddi_pool *p = &ctx->plan->pools[i];
		const struct ddi_network *n = network_at(ctx, p->network);
		struct ip_addr edges[] = {ip_prefix_first(&n->prefix), ip_prefix_last(&n->prefix)};
		bool has[ARRAY_SIZE(edges)];

		if (!same_family(n, &p->range.first) ||
		    !ip_prefix_contains(&n->prefix, &p->range.last))
			continue; /* which has its own finding */
		for (size_t k = 0; k < ARRAY_SIZE(edges); k++)
			has[k] = ip_prefix_reserves(&n->prefix, &edges[k]) &&
				 range_contains(&p->range, &edges[k]) &&
				 !extents_find(&ctx->excludes, &edges[k]);
		if (has[0] && has[1])
			finding(ctx, p->line,
				"the pool %s has %s and %s, the network's and the broadcast "
				"address of %s: clients that get them cannot use them",
				range_text(&p->range), address_text(&edges[0]),
				address_text(&edges[1]), prefix_text(&n->prefix));
		else if (has[0] || has[1])
			finding(ctx, p->line,
				"the pool %s has %s, the %s address of %s: a client that gets it "
				"cannot use it",
				range_text(&p->range), address_text(&edges[has[1]]),
				has[1] ? "broadcast" : "network's", prefix_text(&n->prefix));
	}
}

static void pool_taken(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->n_owners; i++) {
		const struct owner *o = &ctx->owners[i];
		const struct extent *pool = extents_find(&ctx->merged_pools, &o->ip);

		if (o->kind == OWNER_RESERVATION || !pool || extents_find(&ctx->excludes, &o->ip))
			continue;
		finding(ctx, o->line,
			"%s, which is the address of %s, is in a pool: DHCP leases it to a client, "
			"too; exclude it, or shorten the pool",
			address_text(&o->ip), owner_text(ctx, o));
		related(ctx, pool->line);
	}
}

static void reservation_in_pool(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->n_owners; i++) {
		const struct owner *o = &ctx->owners[i];
		const struct extent *pool = extents_find(&ctx->merged_pools, &o->ip);

		if (o->kind != OWNER_RESERVATION || !pool || extents_find(&ctx->excludes, &o->ip))
			continue;
		finding(ctx, o->line,
			"the reserved address %s is in a pool, which is divided at it: reserve "
			"addresses outside of the pools",
			address_text(&o->ip));
		related(ctx, pool->line);
	}
}

static uint64_t add_bounded(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void pool_size(struct ddi_ctx *ctx)
{
	cleanup_free struct ddi_usage *usage = ddi_usage(ctx->plan);

	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = network_at(ctx, (uint32_t)i);
		uint64_t room = 0;

		for (uint32_t k = 0; k < n->pools.n; k++)
			room = add_bounded(room, usage[n->pools.first + k].free);
		if (n->expect && add_bounded(room, n->reservations.n) < n->expect)
			finding(ctx, n->expect_line,
				"%u clients are expected, but %s has %llu addresses in pools and "
				"%u %s",
				n->expect, prefix_text(&n->prefix), (unsigned long long)room,
				n->reservations.n,
				plural(n->reservations.n, "reservation", "reservations"));
		else if (n->pools.n && room == 0)
			finding(ctx, n->line,
				"all addresses in the pools of %s are excluded or "
				"reserved",
				prefix_text(&n->prefix));
	}
}

static void exclude_unused(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_excludes; i++) {
		const struct ddi_pool *x = &ctx->plan->excludes[i];
		size_t k = extents_from(&ctx->merged_pools, &x->range.first);

		if (!same_family(network_at(ctx, x->network), &x->range.first))
			continue; /* which has its own finding */
		if (k == ctx->merged_pools.n ||
		    ip_compare(&ctx->merged_pools.v[k].range.first, &x->range.last) > 0)
			finding(ctx, x->line, "%s is excluded, but no pool has any of it",
				range_text(&x->range));
	}
}

/* ---- reservations and hosts ---- */

static void reservation_outside(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_reservations; i++) {
		const struct ddi_reservation *v = &ctx->plan->reservations[i];
		const struct ddi_network *n = network_at(ctx, v->network);

		if (!same_family(n, &v->address))
			continue;
		if (!ip_prefix_contains(&n->prefix, &v->address))
			finding(ctx, v->line, "the reserved address %s is not in %s",
				address_text(&v->address), prefix_text(&n->prefix));
		else if (ip_prefix_reserves(&n->prefix, &v->address))
			finding(ctx, v->line,
				"the reserved address %s is the network's or the broadcast address "
				"of %s",
				address_text(&v->address), prefix_text(&n->prefix));
	}
}

static void host_outside(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_hosts; i++) {
		const struct ddi_host *h = &ctx->plan->hosts[i];
		const struct ddi_network *n = network_at(ctx, h->network);

		if (same_family(n, &h->address) && !ip_prefix_contains(&n->prefix, &h->address))
			finding(ctx, h->line, "the host %s has %s, which is not in %s", h->name,
				address_text(&h->address), prefix_text(&n->prefix));
	}
}

/* Whether two may have one address: a router is gateway and relay, and any of them has a name; a
 * member has several services. */
static bool may_share(enum owner_kind a, enum owner_kind b)
{
	bool routers = a != OWNER_MEMBER && b != OWNER_RESERVATION;

	return a == OWNER_HOST || b == OWNER_HOST || routers ||
	       (a == OWNER_MEMBER && b == OWNER_MEMBER);
}

static void address_twice(struct ddi_ctx *ctx)
{
	const struct owner *first = NULL; /* with this address, and not a host */

	for (size_t i = 0; i < ctx->n_owners; i++) {
		const struct owner *o = &ctx->owners[i];

		if (first && ip_equal(&first->ip, &o->ip) && !may_share(first->kind, o->kind)) {
			finding(ctx, o->line, "%s is the address of %s and of %s",
				address_text(&o->ip), owner_text(ctx, o), owner_text(ctx, first));
			related(ctx, first->line);
		} else if (!first || !ip_equal(&first->ip, &o->ip)) {
			first = o->kind == OWNER_HOST ? NULL : o;
		}
	}
}

static void prefixes_overlap(struct ddi_ctx *ctx, const struct extent *earlier,
			     const struct extent *later)
{
	const struct ddi_reservation *v = ctx->plan->reservations;

	finding(ctx, later->line, "the reserved prefix %s overlaps the reserved prefix %s",
		prefix_text(&v[later->index].prefix), prefix_text(&v[earlier->index].prefix));
	related(ctx, earlier->line);
}

static void prefix_twice(struct ddi_ctx *ctx)
{
	struct extents prefixes = {0};

	for (size_t i = 0; i < ctx->plan->n_reservations; i++)
		extents_add_prefix(&prefixes, &ctx->plan->reservations[i].prefix, i,
				   ctx->plan->reservations[i].line);
	extents_sort(&prefixes);
	each_overlap(ctx, &prefixes, prefixes_overlap);
	free(prefixes.v);
}

static int compare_clients(const void *a, const void *b)
{
	const struct ddi_reservation *x = *(const struct ddi_reservation *const *)a;
	const struct ddi_reservation *y = *(const struct ddi_reservation *const *)b;
	int c = (x->network > y->network) - (x->network < y->network);

	c = c ? c : x->n_duid - y->n_duid;
	if (c == 0 && x->duid && y->duid)
		c = memcmp(x->duid, y->duid, x->n_duid);
	c = c ? c : x->has_mac - y->has_mac;
	return c ? c : memcmp(&x->mac, &y->mac, sizeof(x->mac));
}

static void client_twice(struct ddi_ctx *ctx)
{
	const struct ddi_reservation **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ctx->plan->n_reservations; i++)
		*array_push(v, n) = &ctx->plan->reservations[i];
	if (n)
		qsort(v, n, sizeof(*v), compare_clients);
	for (size_t i = 1; i < n; i++) {
		char mac[MAC_TEXT_SIZE];

		if ((!v[i]->has_mac && !v[i]->duid) || compare_clients(&v[i - 1], &v[i]) != 0)
			continue;
		finding(ctx, v[i]->line, "the client %s has two reservations in %s",
			v[i]->has_mac ? mac_format(&v[i]->mac, mac) : "with this DUID",
			prefix_text(&network_at(ctx, v[i]->network)->prefix));
		related(ctx, v[i - 1]->line);
	}
	free(v);
}

static void name_without_domain(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_reservations; i++) {
		const struct ddi_reservation *v = &ctx->plan->reservations[i];

		if (v->name && !strchr(v->name, '.') && !network_at(ctx, v->network)->domain)
			finding(ctx, v->line,
				"the name \"%s\" is relative, but its network has no domain: no "
				"record is made; write the full name, or set domain",
				v->name);
	}
}

const struct ddi_rule ddi_pool_rules[] = {
	{"ddi-pool-outside", SEVERITY_ERROR, pool_outside},
	{"ddi-pool-overlap", SEVERITY_ERROR, pool_overlap},
	{"ddi-pool-edge", SEVERITY_ERROR, pool_edge},
	{"ddi-pool-taken", SEVERITY_ERROR, pool_taken},
	{"ddi-pool-size", SEVERITY_WARNING, pool_size},
	{"ddi-exclude-unused", SEVERITY_WARNING, exclude_unused},
	{"ddi-reservation-in-pool", SEVERITY_WARNING, reservation_in_pool},
	{"ddi-reservation-outside", SEVERITY_ERROR, reservation_outside},
	{"ddi-host-outside", SEVERITY_ERROR, host_outside},
	{"ddi-address-twice", SEVERITY_ERROR, address_twice},
	{"ddi-reserved-prefix", SEVERITY_ERROR, prefix_twice},
	{"ddi-client-twice", SEVERITY_ERROR, client_twice},
	{"ddi-name-domain", SEVERITY_WARNING, name_without_domain},
	{0},
};
