// SPDX-License-Identifier: Apache-2.0
#include "ddi/check.h"

#include "base/alloc.h"
#include "ddi/rule.h"

static const struct ddi_rule *const tables[] = {
	ddi_network_rules, ddi_pool_rules, ddi_zone_rules, ddi_record_rules,
	ddi_service_rules, ddi_pair_rules, ddi_site_rules};

/* ---- indexes ---- */

static void index_extents(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_networks; i++) {
		const struct ddi_network *n = &p->networks[i];

		extents_add_prefix(&ctx->networks, &n->prefix, i, n->line);
		extents_add_prefix(&ctx->merged_networks, &n->prefix, i, n->line);
		extents_add_prefix(&ctx->delegates, &n->delegate.prefix, i, n->delegate.line);
	}
	for (size_t i = 0; i < p->n_pools; i++) {
		extents_add(&ctx->pools, &p->pools[i].range, i, p->pools[i].line);
		extents_add(&ctx->merged_pools, &p->pools[i].range, i, p->pools[i].line);
	}
	for (size_t i = 0; i < p->n_excludes; i++)
		extents_add(&ctx->excludes, &p->excludes[i].range, i, p->excludes[i].line);
	struct extents *all[] = {&ctx->networks,     &ctx->delegates, &ctx->pools,
				 &ctx->merged_pools, &ctx->excludes,  &ctx->merged_networks};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		extents_sort(all[i]);
	extents_merge(&ctx->merged_networks);
	extents_merge(&ctx->merged_pools);
	extents_merge(&ctx->excludes);
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int c = ip_compare(&x->ip, &y->ip);

	if (c == 0 && x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

static void add_owner(struct ddi_ctx *ctx, const struct ip_addr *ip, enum owner_kind kind,
		      size_t index, size_t network, unsigned line)
{
	if (ip->version)
		*array_push(ctx->owners, ctx->n_owners) =
			(struct owner){*ip, kind, (uint32_t)index, (uint32_t)network, line};
}

static void index_routers(struct ddi_ctx *ctx, size_t i)
{
	const struct ddi_network *n = &ctx->plan->networks[i];

	add_owner(ctx, &n->gateway, OWNER_GATEWAY, i, i, n->gateway_line);
	for (uint32_t k = 0; k < n->relay.n; k++) {
		const struct ddi_address *relay = &ctx->plan->relays[n->relay.first + k];

		add_owner(ctx, &relay->ip, OWNER_RELAY, n->relay.first + k, i, relay->line);
	}
}

static void index_owners(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_members; i++) {
		const struct ddi_member *m = &p->members[i];
		const struct ip_addr *v[] = {&m->auth, &m->auth6, &m->cache, &m->cache6, &m->dhcp};

		for (size_t k = 0; k < ARRAY_SIZE(v); k++)
			add_owner(ctx, v[k], OWNER_MEMBER, i, 0, m->line);
	}
	for (size_t i = 0; i < p->n_networks; i++)
		index_routers(ctx, i);
	for (size_t i = 0; i < p->n_hosts; i++)
		add_owner(ctx, &p->hosts[i].address, OWNER_HOST, i, p->hosts[i].network,
			  p->hosts[i].line);
	for (size_t i = 0; i < p->n_reservations; i++)
		add_owner(ctx, &p->reservations[i].address, OWNER_RESERVATION, i,
			  p->reservations[i].network, p->reservations[i].line);
	if (ctx->n_owners)
		qsort(ctx->owners, ctx->n_owners, sizeof(*ctx->owners), compare_owners);
}

void ddi_check(struct ddi_plan *plan, const struct model *model,
	       const struct deployment *deployment, int64_t now, struct findings *findings)
{
	struct ddi_ctx ctx = {
		.plan = plan,
		.model = model,
		.deployment = deployment,
		.now = now,
		.findings = findings,
	};

	if (plan->incomplete)
		return;
	index_extents(&ctx);
	index_owners(&ctx);
	ddi_derive(plan, &ctx.derived);
	ddi_index_namings(&ctx);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct ddi_rule *r = tables[t]; r->id; r++) {
			ctx.rule = r;
			ctx.n_found = 0;
			r->check(&ctx);
		}
	ddi_check_zone_files(&ctx);
	ddi_derived_clear(&ctx.derived);
	free_all(ctx.owners, ctx.namings, ctx.merged_networks.v, ctx.networks.v, ctx.pools.v,
		 ctx.merged_pools.v, ctx.excludes.v, ctx.delegates.v);
}
