// SPDX-License-Identifier: Apache-2.0
/* Rules of the plan against the descriptor and day-0. */
#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "ddi/rule.h"
#include "ddi/site.h"
#include "model/model.h"

const struct vm_group *ddi_member_group(const struct deployment *deployment, const char *name,
					unsigned *ret_index)
{
	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		unsigned vms = group->scaling.max_active ? group->scaling.max_active : 1;

		*ret_index = 0;
		if (vms == 1 && streq(group->name, name))
			return group;
		for (; *ret_index < vms; ++*ret_index) {
			cleanup_free char *server =
				vm_group_server_name(deployment, group, *ret_index);

			if (streq(server, name))
				return group;
		}
	}
	return NULL;
}

/* The member's group, or NULL. */
static const struct vm_group *group_of(const struct ddi_ctx *ctx, const struct ddi_member *m)
{
	unsigned index;

	return m && ctx->deployment ? ddi_member_group(ctx->deployment, m->name, &index) : NULL;
}

static void member_server(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_members && ctx->deployment; i++) {
		const struct ddi_member *m = &ctx->plan->members[i];

		if (!group_of(ctx, m))
			finding(ctx, m->line,
				"the member \"%s\" is no server of the deployment %s: name a "
				"vm_group, or one of its VMs as in the VIM",
				m->name, ctx->deployment->name);
	}
}

static void member_address(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_members; i++) {
		const struct ddi_member *m = &ctx->plan->members[i];
		const struct vm_group *group = group_of(ctx, m);
		const struct ip_addr *v[] = {&m->auth, &m->auth6, &m->cache, &m->cache6, &m->dhcp};
		bool unknown;

		for (size_t k = 0; k < ARRAY_SIZE(v) && group; k++)
			if (v[k]->version && !vm_group_has_address(group, v[k], &unknown) &&
			    !unknown)
				finding(ctx, m->line,
					"the guest of %s has no interface with %s: its service "
					"would not answer there; add the address to its day-0",
					m->name, address_text(v[k]));
	}
}

/* ---- the pair ---- */

static void pair_host(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 1; i < p->n_members; i++) {
		const struct vm_group *a = group_of(ctx, &p->members[0]);
		const struct vm_group *b = group_of(ctx, &p->members[i]);

		if (!a || !b ||
		    (a == b ? vm_group_spread(ctx->deployment, a)
			    : placement_line(ctx->deployment, a, b, "anti_affinity") != 0))
			continue;
		finding(ctx, p->members[i].line,
			"%s and %s may run on one host, whose end would be that of both: add a "
			"placement of type anti_affinity",
			p->members[0].name, p->members[i].name);
		findings_also(ctx->findings, ctx->model->file, b->line);
	}
}

/* Whether the address is on the network of the group's management interface. */
static bool is_management(const struct ddi_ctx *ctx, const struct vm_group *group,
			  const struct ip_addr *ip)
{
	const struct interface *port = vm_group_interface(group, vm_group_management_nicid(group));
	const struct network *net =
		port ? model_network(ctx->model, ctx->deployment, port->network) : NULL;
	struct ip_prefix prefix;

	if (group->n_interfaces < 2)
		return false;
	for (size_t i = 0; net && i < net->n_subnets; i++)
		if (subnet_prefix(&net->subnets[i], &prefix) && ip_prefix_contains(&prefix, ip))
			return true;
	return port && port->ip_address && ip_prefix_parse(port->ip_address, &prefix) &&
	       ip_equal(&prefix.addr, ip);
}

static void ha_management(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_members && p->dhcp.mode != DDI_HA_NONE; i++) {
		const struct ddi_member *m = &p->members[i];
		const struct ip_addr *ip = m->dhcp.version ? &m->dhcp : &m->auth;
		const struct vm_group *group = group_of(ctx, m);

		if (group && is_management(ctx, group, ip))
			finding(ctx, m->line,
				"%s exchanges its heartbeats on %s, a management address: while "
				"its service network is cut the partner would see it in order, and "
				"take nothing over; use an address of the service network",
				m->name, address_text(ip));
	}
}

static bool sets_clock(const struct vm_group *group)
{
	static const char *const words[] = {"ntp", "chrony", "timesyncd"};

	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];

		for (size_t k = 0; c->content && k < ARRAY_SIZE(words); k++)
			if (memmem(c->content, c->content_len, words[k], strlen(words[k])))
				return true;
	}
	return false;
}

static void ha_clock(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_members && p->dhcp.mode != DDI_HA_NONE; i++) {
		const struct vm_group *group = group_of(ctx, &p->members[i]);

		if (!group || sets_clock(group) || guest_is_partial(&group->guest))
			continue;
		finding(ctx, p->members[i].line,
			"day-0 of %s names no time server: with clocks 60 s apart Kea ends the "
			"pair for good; set ntp: in its cloud-config",
			p->members[i].name);
		findings_also(ctx->findings, ctx->model->file, group->line);
	}
}

/* ---- subnets of the VIM ---- */

typedef void subnet_fn(struct ddi_ctx *ctx, const struct ddi_network *network,
		       const struct subnet *subnet, const struct ip_prefix *prefix);

/* Calls fn for the networks of the plan that overlap the subnet. */
static void match_subnet(struct ddi_ctx *ctx, const struct subnet *subnet, subnet_fn *fn)
{
	struct ip_prefix prefix;

	if (!subnet_prefix(subnet, &prefix))
		return;
	struct ip_addr first = ip_prefix_first(&prefix), last = ip_prefix_last(&prefix);
	/* If the plan's networks overlap, which is a finding, this may miss one. */
	for (size_t i = extents_from(&ctx->networks, &first); i < ctx->networks.n; i++) {
		const struct extent *e = &ctx->networks.v[i];

		if (ip_compare(&e->range.first, &last) > 0)
			break;
		fn(ctx, &ctx->plan->networks[e->index], subnet, &prefix);
	}
}

static void each_subnet(struct ddi_ctx *ctx, subnet_fn *fn)
{
	const struct deployment *d = ctx->deployment;

	for (size_t i = 0; d && i < d->n_networks; i++)
		for (size_t k = 0; k < d->networks[i].n_subnets; k++)
			match_subnet(ctx, &d->networks[i].subnets[k], fn);
	for (size_t i = 0; d && i < ctx->model->n_networks; i++)
		for (size_t k = 0; k < ctx->model->networks[i].n_subnets; k++)
			match_subnet(ctx, &ctx->model->networks[i].subnets[k], fn);
}

static void subnet_overlaps(struct ddi_ctx *ctx, const struct ddi_network *n,
			    const struct subnet *subnet, const struct ip_prefix *prefix)
{
	struct ip_addr first = ip_prefix_first(&n->prefix), other = ip_prefix_first(prefix);

	if (n->prefix.len == prefix->len && ip_equal(&first, &other))
		return;
	finding(ctx, n->line, "%s overlaps the VIM's subnet %s, %s, without being the same",
		prefix_text(&n->prefix), subnet->name ? subnet->name : "", prefix_text(prefix));
	findings_also(ctx->findings, ctx->model->file, subnet->line);
}

static void prefix_vim(struct ddi_ctx *ctx)
{
	each_subnet(ctx, subnet_overlaps);
}

static void subnet_leases(struct ddi_ctx *ctx, const struct ddi_network *n,
			  const struct subnet *subnet, const struct ip_prefix *prefix)
{
	if (!subnet->dhcp || !ddi_network_serves(n))
		return;
	finding(ctx, n->line,
		"the plan leases addresses of %s, and the VIM does, too, in its subnet %s (%s): "
		"set its dhcp to false",
		prefix_text(&n->prefix), subnet->name ? subnet->name : "", prefix_text(prefix));
	findings_also(ctx->findings, ctx->model->file, subnet->line);
}

static void dhcp_vim(struct ddi_ctx *ctx)
{
	each_subnet(ctx, subnet_leases);
}

/* ---- state ---- */

static void keys_lost(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_zones; i++) {
		const struct ddi_zone *z = &p->zones[i];
		const struct vm_group *group = group_of(ctx, ddi_zone_primary(p, z));

		if (z->dnssec == DDI_DNSSEC_NONE || !group ||
		    group->action_on_recovery == RECOVERY_REBOOT_ONLY)
			continue;
		finding(ctx, z->dnssec_line,
			"%s is signed, and a recovery may redeploy its primary, which loses the "
			"keys: set action_on_recovery to REBOOT_ONLY",
			z->name);
		findings_also(ctx->findings, ctx->model->file, group->line);
	}
}

const struct ddi_rule ddi_site_rules[] = {
	{"ddi-member-server", SEVERITY_ERROR, member_server},
	{"ddi-member-address", SEVERITY_WARNING, member_address},
	{"ddi-pair-host", SEVERITY_ERROR, pair_host},
	{"ddi-ha-management", SEVERITY_ERROR, ha_management},
	{"ddi-ha-clock", SEVERITY_WARNING, ha_clock},
	{"ddi-prefix-vim", SEVERITY_ERROR, prefix_vim},
	{"ddi-dhcp-vim", SEVERITY_ERROR, dhcp_vim},
	{"ddi-keys-lost", SEVERITY_ERROR, keys_lost},
	{0},
};
