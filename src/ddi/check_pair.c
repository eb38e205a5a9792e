// SPDX-License-Identifier: Apache-2.0
/* Rules of the members, and of two of them as a pair. */
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/rule.h"

static bool serves_dhcp(const struct ddi_plan *p)
{
	return array_find(p->networks, p->n_networks, ddi_network_serves(it)) != NULL;
}

static const struct ip_addr *dhcp_address(const struct ddi_member *m)
{
	return m->dhcp.version ? &m->dhcp : &m->auth;
}

static void member_none(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	if (!p->n_members)
		finding(ctx, 1, "the plan has no members: name the servers that carry it out");
	for (size_t i = 0; i < p->n_members; i++) {
		const struct ddi_member *m = &p->members[i];

		if (!m->auth.version && !m->auth6.version && !m->cache.version &&
		    !m->cache6.version)
			finding(ctx, m->line, "the member %s has no address: give it auth or cache",
				m->name);
	}
}

static void member_family(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_members; i++) {
		const struct ddi_member *m = &ctx->plan->members[i];
		const struct {
			const char *key;
			const struct ip_addr *ip;
			int version;
		} v[] = {{"auth", &m->auth, 4},
			 {"auth6", &m->auth6, 6},
			 {"cache", &m->cache, 4},
			 {"cache6", &m->cache6, 6}};

		for (size_t k = 0; k < ARRAY_SIZE(v); k++)
			if (v[k].ip->version && v[k].ip->version != v[k].version)
				finding(ctx, m->line,
					"%s of the member %s must be an IPv%d "
					"address, not %s",
					v[k].key, m->name, v[k].version, address_text(v[k].ip));
	}
}

static void primary(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_zones; i++)
		if (p->zones[i].primary && !ddi_member(p, p->zones[i].primary))
			finding(ctx, p->zones[i].primary_line,
				"the primary of %s, \"%s\", is no member of the plan",
				p->zones[i].name, p->zones[i].primary);
	if (p->dhcp.primary && !ddi_member(p, p->dhcp.primary))
		finding(ctx, p->dhcp.primary_line,
			"the primary of DHCP, \"%s\", is no member of the plan", p->dhcp.primary);
}

static void pair_address(struct ddi_ctx *ctx)
{
	for (size_t i = 1; i < ctx->n_owners; i++) {
		const struct owner *a = &ctx->owners[i - 1], *b = &ctx->owners[i];

		if (a->kind != OWNER_MEMBER || b->kind != OWNER_MEMBER || a->index == b->index ||
		    !ip_equal(&a->ip, &b->ip))
			continue;
		finding(ctx, b->line, "%s and %s have the same address, %s",
			ctx->plan->members[a->index].name, ctx->plan->members[b->index].name,
			address_text(&b->ip));
		related(ctx, a->line);
	}
}

/* Clients on the members' own segment reach a server by broadcast, or by multicast. */
static void pair_segment(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_networks; i++) {
		const struct ddi_network *n = &p->networks[i];

		if (n->relay.n || n->prefix.addr.version != 4 || !ddi_network_serves(n))
			continue;
		for (size_t k = 0; k < p->n_members; k++) {
			const struct ip_addr *ip = dhcp_address(&p->members[k]);

			if (!ip->version || ip_prefix_contains(&n->prefix, ip))
				continue;
			finding(ctx, n->line,
				"%s has no relay, so its clients are on the members' segment, but "
				"%s has %s, which is not in it: name the relays",
				prefix_text(&n->prefix), p->members[k].name, address_text(ip));
			related(ctx, p->members[k].line);
		}
	}
}

static void ha_missing(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	if (p->n_members > 1 && serves_dhcp(p) && p->dhcp.mode == DDI_HA_NONE)
		finding(ctx, p->dhcp.line ? p->dhcp.line : p->members[1].line,
			"%zu members serve DHCP, but not as a pair: they would lease the same "
			"addresses; set dhcp: {mode: hot-standby}",
			p->n_members);
}

static void ha_members(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	if (p->dhcp.mode != DDI_HA_NONE && p->n_members != 2)
		finding(ctx, p->dhcp.line,
			"a pair of DHCP servers has 2 members, but the plan has "
			"%zu",
			p->n_members);
	for (size_t i = 0; i < p->n_members && p->dhcp.mode != DDI_HA_NONE; i++)
		if (!dhcp_address(&p->members[i])->version)
			finding(ctx, p->members[i].line,
				"the partner of %s needs an address of it (dhcp, or auth)",
				p->members[i].name);
}

static void ha_unacked(struct ddi_ctx *ctx)
{
	const struct ddi_dhcp *d = &ctx->plan->dhcp;

	if (d->mode != DDI_HA_NONE && d->max_unacked_clients == 0)
		finding(ctx, d->max_unacked_line,
			"with max_unacked_clients 0 a server takes over when only the path to its "
			"partner is cut, and both lease the same addresses: use %d",
			DDI_MAX_UNACKED_DEFAULT);
}

static void lease_short(struct ddi_ctx *ctx)
{
	const struct ddi_dhcp *d = &ctx->plan->dhcp;
	uint64_t takeover_ms =
		(uint64_t)d->heartbeat_delay + d->max_response_delay + d->max_ack_delay;

	for (size_t i = 0; i < ctx->plan->n_networks && d->mode != DDI_HA_NONE; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];

		if (ddi_network_serves(n) && (uint64_t)n->lease * 1000 < 2 * takeover_ms)
			finding(ctx, n->lease_line ? n->lease_line : n->line,
				"a lease of %u s may end while the partner takes over, which lasts "
				"up to %llu s: use at least twice that",
				n->lease, (unsigned long long)takeover_ms / 1000);
	}
}

const struct ddi_rule ddi_pair_rules[] = {
	{"ddi-member", SEVERITY_ERROR, member_none},
	{"ddi-member-family", SEVERITY_ERROR, member_family},
	{"ddi-primary", SEVERITY_ERROR, primary},
	{"ddi-pair-address", SEVERITY_ERROR, pair_address},
	{"ddi-pair-segment", SEVERITY_ERROR, pair_segment},
	{"ddi-ha-missing", SEVERITY_ERROR, ha_missing},
	{"ddi-ha-members", SEVERITY_ERROR, ha_members},
	{"ddi-ha-unacked", SEVERITY_ERROR, ha_unacked},
	{"ddi-lease-short", SEVERITY_WARNING, lease_short},
	{0},
};
