// SPDX-License-Identifier: Apache-2.0
/* Rules of networks: prefixes, gateways, relays, delegation. */
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/rule.h"

enum { DELEGATED_LENGTH_MAX = 64, HOST_BITS_MIN = 2 };

/* A network whose prefix could be read; the others have a finding of the reader. */
#define each_network(ctx, n)                                           \
	for (const struct ddi_network *n = (ctx)->plan->networks;      \
	     n < (ctx)->plan->networks + (ctx)->plan->n_networks; n++) \
		if (n->prefix.addr.version)

static void host_bits(struct ddi_ctx *ctx)
{
	each_network(ctx, n)
	{
		struct ip_prefix network = {ip_prefix_first(&n->prefix), n->prefix.len};

		if (!ip_equal(&network.addr, &n->prefix.addr))
			finding(ctx, n->line, "%s has host bits: the prefix is %s",
				prefix_text(&n->prefix), prefix_text(&network));
	}
}

static void prefix_overlaps(struct ddi_ctx *ctx, const struct extent *earlier,
			    const struct extent *later)
{
	const struct ddi_network *v = ctx->plan->networks;

	finding(ctx, later->line, "%s overlaps %s: an address would belong to two networks",
		prefix_text(&v[later->index].prefix), prefix_text(&v[earlier->index].prefix));
	related(ctx, earlier->line);
}

static void prefix_overlap(struct ddi_ctx *ctx)
{
	each_overlap(ctx, &ctx->networks, prefix_overlaps);
}

static void prefix_size(struct ddi_ctx *ctx)
{
	each_network(ctx, n)
	{
		unsigned bits = (unsigned)(8 * ip_size(&n->prefix.addr));

		/* Prefixes alone are delegated over a link of any size, as a /127 (RFC 6164). */
		if (n->prefix.len + HOST_BITS_MIN > bits && (n->pools.n || n->reservations.n))
			finding(ctx, n->line,
				"%s has no room for clients of DHCP beside its gateway: use a "
				"shorter prefix, or give out nothing in it",
				prefix_text(&n->prefix));
	}
}

/* ---- families ---- */

static void check_family(struct ddi_ctx *ctx, const struct ddi_network *n, const struct ip_addr *ip,
			 unsigned line, const char *what)
{
	if (ip->version && ip->version != n->prefix.addr.version)
		finding(ctx, line, "%s %s is IPv%d, but the network is %s", what, address_text(ip),
			ip->version, prefix_text(&n->prefix));
}

static void check_families(struct ddi_ctx *ctx, const struct ddi_network *n)
{
	const struct ddi_plan *p = ctx->plan;

	check_family(ctx, n, &n->gateway, n->gateway_line, "the gateway");
	for (uint32_t i = 0; i < n->relay.n; i++)
		check_family(ctx, n, &p->relays[n->relay.first + i].ip,
			     p->relays[n->relay.first + i].line, "the relay");
	for (uint32_t i = 0; i < n->pools.n; i++)
		check_family(ctx, n, &p->pools[n->pools.first + i].range.first,
			     p->pools[n->pools.first + i].line, "the pool from");
	for (uint32_t i = 0; i < n->exclude.n; i++)
		check_family(ctx, n, &p->excludes[n->exclude.first + i].range.first,
			     p->excludes[n->exclude.first + i].line, "the excluded range from");
	for (uint32_t i = 0; i < n->hosts.n; i++)
		check_family(ctx, n, &p->hosts[n->hosts.first + i].address,
			     p->hosts[n->hosts.first + i].line, "the host");
	for (uint32_t i = 0; i < n->reservations.n; i++) {
		const struct ddi_reservation *v = &p->reservations[n->reservations.first + i];

		check_family(ctx, n, &v->address, v->line, "the reservation");
		check_family(ctx, n, &v->prefix.addr, v->line, "the reserved prefix");
	}
	check_family(ctx, n, &n->delegate.prefix.addr, n->delegate.line, "the delegated prefix");
}

static void family(struct ddi_ctx *ctx)
{
	each_network(ctx, n) check_families(ctx, n);
}

/* ---- gateway and relays ---- */

static void gateway(struct ddi_ctx *ctx)
{
	each_network(ctx, n)
	{
		if (n->gateway.version != n->prefix.addr.version ||
		    (n->gateway.version == 6 && ip_is_link_local(&n->gateway)))
			continue;
		if (!ip_prefix_contains(&n->prefix, &n->gateway))
			finding(ctx, n->gateway_line,
				"the gateway %s is not in %s, so clients cannot reach it",
				address_text(&n->gateway), prefix_text(&n->prefix));
		else if (ip_prefix_reserves(&n->prefix, &n->gateway))
			finding(ctx, n->gateway_line,
				"the gateway %s is the network's or the broadcast address of %s",
				address_text(&n->gateway), prefix_text(&n->prefix));
	}
}

static void relay_outside(struct ddi_ctx *ctx)
{
	each_network(ctx, n) for (uint32_t i = 0; i < n->relay.n; i++)
	{
		const struct ddi_address *a = &ctx->plan->relays[n->relay.first + i];

		if (a->ip.version == n->prefix.addr.version &&
		    !ip_prefix_contains(&n->prefix, &a->ip))
			finding(ctx, a->line,
				"the relay %s is not in %s: a relay's address (giaddr) is "
				"that of its interface to the clients",
				address_text(&a->ip), prefix_text(&n->prefix));
	}
}

static void relay_twice(struct ddi_ctx *ctx)
{
	for (size_t i = 1; i < ctx->n_owners; i++) {
		const struct owner *a = &ctx->owners[i - 1], *b = &ctx->owners[i];

		if (a->kind != OWNER_RELAY || b->kind != OWNER_RELAY || !ip_equal(&a->ip, &b->ip))
			continue;
		const struct ddi_network *x = &ctx->plan->networks[a->network];
		const struct ddi_network *y = &ctx->plan->networks[b->network];
		if (x != y && x->name && streq(x->name, y->name))
			continue; /* a shared network */
		finding(ctx, b->line,
			"the relay %s is that of %s, too: DHCP selects the network by it, and "
			"takes the first; give networks of one link the same name",
			address_text(&b->ip), prefix_text(&x->prefix));
		related(ctx, a->line);
	}
}

/* ---- identifiers ---- */

struct subnet_id {
	uint32_t id, network;
};

static int compare_ids(const void *a, const void *b)
{
	const struct subnet_id *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->network > y->network) - (x->network < y->network);
}

static void subnet_id(struct ddi_ctx *ctx)
{
	const struct ddi_network *v = ctx->plan->networks;
	struct subnet_id *ids = NULL;
	size_t n = 0;

	each_network(ctx, net) * array_push(ids, n) =
		(struct subnet_id){ddi_subnet_id(&net->prefix), (uint32_t)(net - v)};
	if (n)
		qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < n; i++) {
		const struct ddi_network *a = &v[ids[i - 1].network], *b = &v[ids[i].network];

		/* The same prefix twice is an overlap. */
		if (ids[i].id != ids[i - 1].id ||
		    a->prefix.addr.version != b->prefix.addr.version ||
		    ip_prefix_overlaps(&a->prefix, &b->prefix))
			continue;
		finding(ctx, b->line,
			"%s and %s have the same subnet identifier in Kea, %u: divide one of them",
			prefix_text(&b->prefix), prefix_text(&a->prefix), ids[i].id);
		related(ctx, a->line);
	}
	free(ids);
}

/* ---- delegation ---- */

static void delegate_length(struct ddi_ctx *ctx)
{
	each_network(ctx, n)
	{
		const struct ddi_delegate *d = &n->delegate;

		if (d->prefix.addr.version == 6 && d->length &&
		    (d->length < d->prefix.len || d->length > DELEGATED_LENGTH_MAX))
			finding(ctx, d->line,
				"clients get prefixes of length %u from %s: the length must be "
				"from %u to %d",
				d->length, prefix_text(&d->prefix), d->prefix.len,
				DELEGATED_LENGTH_MAX);
	}
}

static void delegates_overlap(struct ddi_ctx *ctx, const struct extent *earlier,
			      const struct extent *later)
{
	const struct ddi_network *v = ctx->plan->networks;

	finding(ctx, later->line, "the delegated prefix %s overlaps the delegated prefix %s",
		prefix_text(&v[later->index].delegate.prefix),
		prefix_text(&v[earlier->index].delegate.prefix));
	related(ctx, earlier->line);
}

static void delegate_overlap(struct ddi_ctx *ctx)
{
	size_t k = 0;

	each_overlap(ctx, &ctx->delegates, delegates_overlap);
	/* Both are ordered: of each network the delegated prefixes that begin below its end. */
	for (size_t i = 0; i < ctx->networks.n; i++) {
		const struct extent *n = &ctx->networks.v[i];

		while (k < ctx->delegates.n &&
		       ip_compare(&ctx->delegates.v[k].range.last, &n->range.first) < 0)
			k++;
		const struct extent *d = k < ctx->delegates.n ? &ctx->delegates.v[k] : NULL;
		if (!d || ip_compare(&d->range.first, &n->range.last) > 0)
			continue;
		finding(ctx, d->line,
			"the delegated prefix %s overlaps the network %s: a client would get "
			"addresses of another network's",
			prefix_text(&ctx->plan->networks[d->index].delegate.prefix),
			prefix_text(&ctx->plan->networks[n->index].prefix));
		related(ctx, n->line);
	}
}

const struct ddi_rule ddi_network_rules[] = {
	{"ddi-prefix-host-bits", SEVERITY_ERROR, host_bits},
	{"ddi-prefix-overlap", SEVERITY_ERROR, prefix_overlap},
	{"ddi-prefix-size", SEVERITY_ERROR, prefix_size},
	{"ddi-family", SEVERITY_ERROR, family},
	{"ddi-gateway", SEVERITY_ERROR, gateway},
	{"ddi-relay-outside", SEVERITY_WARNING, relay_outside},
	{"ddi-relay-twice", SEVERITY_WARNING, relay_twice},
	{"ddi-subnet-id", SEVERITY_ERROR, subnet_id},
	{"ddi-delegate-length", SEVERITY_ERROR, delegate_length},
	{"ddi-delegate-overlap", SEVERITY_ERROR, delegate_overlap},
	{0},
};
