// SPDX-License-Identifier: Apache-2.0
/* Gateways and return routes. */
#include "check/rule.h"

static const char *gateway_of(const struct guest_addresses *a, int family)
{
	return family == 4 ? a->gateway4 : a->gateway6;
}

static bool is_static(const struct guest_addresses *a, int family)
{
	return family == 4 ? !a->dhcp4 : !a->dhcp6;
}

/* A default gateway that is configured with static addresses. */
struct gateway {
	struct rule_interface of;
	const char *text;
	bool own;     /* it is an address of the interface itself */
	bool outside; /* it is in no subnet of the interface's addresses, and not link-local */
};

static void compare_addresses(struct gateway *g, const struct ip_addr *gateway)
{
	const struct guest_addresses *a = g->of.addresses;
	bool on_link = ip_is_link_local(gateway), has_any = false;
	struct ip_prefix address;

	for (size_t k = 0; k < a->n; k++) {
		if (!ip_prefix_parse(a->v[k], &address) || address.addr.version != gateway->version)
			continue;
		has_any = true;
		on_link |= ip_prefix_contains(&address, gateway);
		g->own |= ip_equal(gateway, &address.addr);
	}
	g->outside = has_any && !on_link;
}

/* The next gateway, from *i, which begins with 0 and counts both families of each interface. */
static bool next_gateway(const struct rule_ctx *ctx, size_t *i, struct gateway *ret)
{
	struct gateway g = {0};
	struct ip_addr gateway;

	for (; rule_interface(ctx, *i / 2, &g.of); ++*i) {
		int family = *i % 2 ? 6 : 4;

		g.text = gateway_of(g.of.addresses, family);
		if (!g.text || !ip_parse(g.text, &gateway) || !is_static(g.of.addresses, family))
			continue;
		compare_addresses(&g, &gateway);
		*ret = g;
		++*i;
		return true;
	}
	return false;
}

static void gateway_offlink(const struct rule_ctx *ctx)
{
	struct gateway g;

	for (size_t i = 0; next_gateway(ctx, &i, &g);) {
		const struct guest_addresses *a = g.of.addresses;

		if (g.own)
			finding_in(ctx, g.of.file, g.of.line,
				   "\"%s\" uses its own address %s as gateway", g.of.name, g.text);
		else if (g.outside && !a->on_link && !a->on_link_added)
			finding_in(
				ctx, g.of.file, g.of.line,
				"gateway %s is not in the subnet of \"%s\" and cannot be reached: "
				"correct one of them, or declare the route on-link",
				g.text, g.of.name);
	}
}

static void gateway_on_link(const struct rule_ctx *ctx)
{
	struct gateway g;

	for (size_t i = 0; next_gateway(ctx, &i, &g);)
		if (g.outside && !g.of.addresses->on_link && g.of.addresses->on_link_added)
			finding_in(ctx, g.of.file, g.of.line,
				   "gateway %s is not in the subnet of \"%s\": the guest's network "
				   "service takes it for a host on the link, so it is reached only "
				   "if it answers ARP there; correct one of them unless this is "
				   "intended",
				   g.text, g.of.name);
}

static void gateway_differs(const struct rule_ctx *ctx)
{
	struct rule_interface g;
	struct ip_addr gateway, of_subnet;
	struct ip_prefix net;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		const struct network *n = g.port ? rule_network(ctx, g.port->network) : NULL;
		for (size_t k = 0; n && !g.is_vlan && k < n->n_subnets; k++) {
			const struct subnet *subnet = &n->subnets[k];
			const char *text = gateway_of(g.addresses, subnet->ip_version);
			if (!text || !ip_parse(text, &gateway) || !subnet_prefix(subnet, &net) ||
			    !ip_prefix_contains(&net, &gateway))
				continue;
			if (subnet->gateway && (!ip_parse(subnet->gateway, &of_subnet) ||
						ip_equal(&gateway, &of_subnet)))
				continue;
			if (!subnet->gateway && !subnet->no_gateway)
				continue; /* the VIM uses the first address */
			finding_in(ctx, g.file, g.line,
				   "\"%s\" has gateway %s, but subnet \"%s\" has %s: use the same "
				   "gateway",
				   g.name, text, subnet->name,
				   subnet->gateway ? subnet->gateway : "none");
			related(ctx, subnet->line);
		}
	}
}

static void gateways_two(const struct rule_ctx *ctx)
{
	struct rule_interface g, first = {0};

	for (int family = 4; family <= 6; family += 2) {
		bool any = false;
		for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
			if (!gateway_of(g.addresses, family) || g.addresses->routes)
				continue;
			if (!any) {
				first = g;
				any = true;
				continue;
			}
			finding_in(
				ctx, g.file, g.line,
				"\"%s\" and \"%s\" both have an IPv%d default gateway: the metric "
				"decides which one is used, and replies may leave by the wrong "
				"interface; keep one, and add routes or rules for the other",
				first.name, g.name, family);
			related_in(ctx, first.file, first.line);
		}
	}
}

/* Whether, by the descriptor, no subnet of the network has a gateway. */
static bool is_closed(const struct rule_ctx *ctx, const struct interface *port)
{
	const struct network *n = port ? rule_network(ctx, port->network) : NULL;

	for (size_t i = 0; n && i < n->n_subnets; i++)
		if (!n->subnets[i].no_gateway)
			return false;
	return n && n->n_subnets > 0;
}

static void route_asymmetric(const struct rule_ctx *ctx)
{
	struct rule_interface g, out = {0};
	bool any = false;

	if (guest_is_partial(&ctx->group->guest))
		return;
	for (size_t i = 0; !any && rule_interface(ctx, i, &g); i++)
		if (g.addresses->gateway4 || g.addresses->gateway6) {
			out = g;
			any = true;
		}
	for (size_t i = 0; any && rule_interface(ctx, i, &g); i++) {
		const struct guest_addresses *a = g.addresses;
		if (g.bond == out.bond && g.bond)
			continue; /* a VLAN on the same bond */
		if (a->gateway4 || a->gateway6 || a->n == 0 || a->dhcp4 || a->dhcp6 || a->routes ||
		    is_closed(ctx, g.port))
			continue;
		/* The subnets of an existing network are not the descriptor's to change. */
		bool defined = g.port && rule_network(ctx, g.port->network);
		finding_in(
			ctx, g.file, g.line,
			"\"%s\" has no gateway and no routes, and the default route uses \"%s\": "
			"hosts behind a router of the network of \"%s\" get no reply (asymmetric "
			"routing); add routes to them%s",
			g.name, out.name, g.name,
			defined ? ", or set no_gateway in the subnet" : "");
		related_in(ctx, out.file, out.line);
	}
}

const struct check_rule route_rules[] = {
	{"gateway-offlink", SEVERITY_ERROR, LEVEL_GROUP, gateway_offlink},
	{"gateway-on-link", SEVERITY_WARNING, LEVEL_GROUP, gateway_on_link},
	{"gateway-differs", SEVERITY_WARNING, LEVEL_GROUP, gateway_differs},
	{"gateways-two", SEVERITY_WARNING, LEVEL_GROUP, gateways_two},
	{"route-asymmetric", SEVERITY_WARNING, LEVEL_GROUP, route_asymmetric},
	{0},
};
