// SPDX-License-Identifier: Apache-2.0
/* Addresses: the ports' against their subnets, the guest's against its ports. */
#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

/* The subnet of the network that contains the address, or NULL. */
static const struct subnet *subnet_of(const struct network *n, const struct ip_addr *ip)
{
	struct ip_prefix net;

	return array_find(n->subnets, n->n_subnets,
			  subnet_prefix(it, &net) && ip_prefix_contains(&net, ip));
}

/* A subnet of any network that contains the address; sets *ret to that network. */
static const struct subnet *elsewhere(const struct rule_ctx *ctx, const struct ip_addr *ip,
				      const struct network **ret)
{
	const struct network *tables[] = {ctx->deployment->networks, ctx->model->networks};
	size_t counts[] = {ctx->deployment->n_networks, ctx->model->n_networks};

	for (size_t t = 0; t < 2; t++) {
		const struct network *n = tables[t];
		for (size_t i = 0; i < counts[t]; i++, n++) {
			const struct subnet *subnet = subnet_of(n, ip);
			if (subnet) {
				*ret = n;
				return subnet;
			}
		}
	}
	return NULL;
}

static void address_no_subnet(const struct rule_ctx *ctx)
{
	const struct network *n = rule_network(ctx, ctx->port->network), *other;
	struct fixed_address fixed;
	struct ip_addr ip;

	for (size_t i = 0; n && n->n_subnets == 0 && port_address(ctx->port, i, &fixed); i++) {
		if (!ip_parse(fixed.text, &ip))
			continue;
		const struct subnet *holds = elsewhere(ctx, &ip, &other);
		if (holds)
			finding(ctx, fixed.line,
				"network \"%s\" has no subnet for %s; the address belongs to "
				"subnet \"%s\" of network \"%s\": define a subnet under the "
				"network",
				n->name, fixed.text, holds->name, other->name);
		else
			finding(ctx, fixed.line, "network \"%s\" has no subnet for %s: define one",
				n->name, fixed.text);
		related(ctx, holds ? holds->line : n->line);
	}
}

static void address_outside_subnet(const struct rule_ctx *ctx)
{
	const struct network *n = rule_network(ctx, ctx->port->network), *other;
	struct fixed_address fixed;
	struct ip_addr ip;

	for (size_t i = 0; n && n->n_subnets > 0 && port_address(ctx->port, i, &fixed); i++) {
		if (!ip_parse(fixed.text, &ip))
			continue;
		const struct subnet *own = subnet_of(n, &ip), *holds;
		if (own && fixed.subnet && !streq(own->name, fixed.subnet)) {
			finding(ctx, fixed.line,
				"%s is outside subnet \"%s\"; it belongs to subnet \"%s\"",
				fixed.text, fixed.subnet, own->name);
			related(ctx, own->line);
		} else if (own) {
			continue;
		} else if ((holds = elsewhere(ctx, &ip, &other))) {
			finding(ctx, fixed.line,
				"%s is in no subnet of network \"%s\"; it belongs to subnet \"%s\" "
				"of network \"%s\"",
				fixed.text, n->name, holds->name, other->name);
			related(ctx, holds->line);
		} else {
			finding(ctx, fixed.line, "%s is in no subnet of network \"%s\"", fixed.text,
				n->name);
			related(ctx, n->subnets[0].line);
		}
	}
}

static void address_gateway(const struct rule_ctx *ctx)
{
	const struct network *n = rule_network(ctx, ctx->port->network);
	struct fixed_address fixed;
	struct ip_addr ip, gateway;

	for (size_t i = 0; n && port_address(ctx->port, i, &fixed); i++)
		for (size_t k = 0; k < n->n_subnets; k++) {
			const struct subnet *subnet = &n->subnets[k];
			if (!subnet->gateway || !ip_parse(subnet->gateway, &gateway) ||
			    !ip_parse(fixed.text, &ip) || !ip_equal(&ip, &gateway))
				continue;
			finding(ctx, fixed.line,
				"%s is the gateway of subnet \"%s\": use another address",
				fixed.text, subnet->name);
			related(ctx, subnet->line);
		}
}

static void address_reserved(const struct rule_ctx *ctx)
{
	const struct network *n = rule_network(ctx, ctx->port->network);
	struct fixed_address fixed;
	struct ip_addr ip;
	struct ip_prefix net;

	for (size_t i = 0; n && port_address(ctx->port, i, &fixed); i++)
		for (size_t k = 0; k < n->n_subnets; k++) {
			if (!ip_parse(fixed.text, &ip) || !subnet_prefix(&n->subnets[k], &net) ||
			    !ip_prefix_reserves(&net, &ip))
				continue;
			finding(ctx, fixed.line,
				"%s is the network or broadcast address of subnet \"%s\": use "
				"another address",
				fixed.text, n->subnets[k].name);
			related(ctx, n->subnets[k].line);
		}
}

/* Ports of the group that are legs of one bond, or may be as far as its day-0 files were read. */
static bool may_be_one_bond(const struct rule_ctx *ctx, const struct interface *a,
			    const struct interface *b)
{
	const struct bond *bond = guest_match_bond(ctx->match, a);

	for (size_t i = 0; i < ctx->group->guest.n_bonds; i++)
		if (ctx->group->guest.bonds[i].legs_unknown)
			return true;
	return guest_may_have_bond(&ctx->group->guest) ||
	       (bond && bond == guest_match_bond(ctx->match, b));
}

/* The port that must not have this address as well, or NULL. Legs of one bond may share it. */
static const struct interface *duplicate(const struct rule_ctx *ctx, const struct vm_group *group,
					 const struct interface *port, const struct ip_addr *ip)
{
	for (size_t k = 0; k < group->n_interfaces; k++) {
		const struct interface *other = &group->interfaces[k];
		if (other == port)
			return NULL; /* later ports are compared with this one in their turn */
		if (!port_owns(other, ip))
			continue;
		bool one_bond = group == ctx->group && may_be_one_bond(ctx, port, other);
		if (streq(other->network, port->network) ||
		    (!one_bond && rule_segment(ctx, other->network, port->network) == SEGMENT_SAME))
			return other;
	}
	return NULL;
}

static void address_twice(const struct rule_ctx *ctx)
{
	struct fixed_address fixed;
	struct ip_addr ip;

	for (size_t i = 0; port_address(ctx->port, i, &fixed); i++) {
		if (!ip_parse(fixed.text, &ip))
			continue;
		const struct interface *other = NULL;
		for (size_t g = 0; !other; g++) {
			const struct vm_group *group = &ctx->deployment->vm_groups[g];
			other = duplicate(ctx, group, ctx->port, &ip);
			if (other) {
				finding(ctx, fixed.line,
					"%s is also assigned to nicid %u of vm_group \"%s\", in "
					"the same segment: use another address",
					fixed.text, other->nicid, group->name);
				related(ctx, other->line);
			}
			if (group == ctx->group)
				break;
		}
	}
}

/* Whether the port of any leg has the address as a fixed address or an allowed pair. */
static bool is_known(const struct rule_ctx *ctx, const struct ip_addr *ip)
{
	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (port && port_allows(port, ip))
			return true;
	}
	return false;
}

static void bond_address_filtered(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	struct ip_prefix ip;

	for (size_t i = 0; i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		for (size_t k = 0; port && port_is_filtered(port) && k < b->addresses.n; k++) {
			if (!ip_prefix_parse(b->addresses.v[k], &ip) || port_allows(port, &ip.addr))
				continue;
			bond_finding(
				ctx,
				"port security on nicid %u, a leg of bond \"%s\", drops packets "
				"from %s: add the address to the port as a fixed address or "
				"allowed_address_pair",
				port->nicid, b->name, b->addresses.v[k]);
			related(ctx, port->line);
		}
	}
}

static void bond_address_unowned(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	const struct interface *first = b->n_legs ? rule_leg_port(ctx, 0) : NULL;
	struct ip_prefix ip;

	if (!first || port_is_filtered(first))
		return;
	for (size_t k = 0; k < b->addresses.n; k++) {
		if (!ip_prefix_parse(b->addresses.v[k], &ip) || ip_is_link_local(&ip.addr) ||
		    is_known(ctx, &ip.addr))
			continue;
		bond_finding(
			ctx,
			"%s, the address of bond \"%s\", is assigned to no port: the VIM may "
			"assign it to another VM and does not list it for this service; make it "
			"a fixed address of the legs' ports",
			b->addresses.v[k], b->name);
		related(ctx, first->line);
	}
}

/* Whether lo or a dummy interface has the address: then every interface answers for it. */
static bool is_local(const struct guest_network *guest, const struct ip_addr *ip)
{
	struct ip_prefix own;

	return array_find(guest->local.v, guest->local.n,
			  ip_prefix_parse(*it, &own) && ip_equal(&own.addr, ip));
}

/* Whether the bond or a VLAN on it has the address, or one that is unknown before it boots. */
static bool bond_has(const struct bond *b, const struct ip_addr *ip)
{
	struct ip_prefix own;

	for (size_t v = 0; v <= b->n_vlans; v++) {
		const struct guest_addresses *a = v ? &b->vlans[v - 1].addresses : &b->addresses;
		if (a->dhcp4 || a->dhcp6)
			return true;
		for (size_t i = 0; i < a->n; i++)
			if ((ip_prefix_parse(a->v[i], &own) && ip_equal(&own.addr, ip)) ||
			    str_starts(a->v[i], "$"))
				return true;
	}
	return false;
}

static void leg_address_unused(const struct rule_ctx *ctx)
{
	struct fixed_address fixed;
	struct ip_addr ip;

	if (guest_is_partial(&ctx->group->guest))
		return;
	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		for (size_t k = 0; port && port_address(port, k, &fixed); k++) {
			if (!ip_parse(fixed.text, &ip) || bond_has(ctx->bond, &ip) ||
			    is_local(&ctx->group->guest, &ip))
				continue;
			finding(ctx, fixed.line,
				"%s is assigned to a port that is a leg of bond \"%s\", but the "
				"guest never uses it: assign the bond's address to the port",
				fixed.text, ctx->bond->name);
			related_in(ctx, ctx->bond->file, ctx->bond->line);
		}
	}
}

static void guest_address(const struct rule_ctx *ctx)
{
	struct rule_interface g;
	struct fixed_address fixed;
	struct ip_prefix ip;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		if (g.bond || !g.port || !port_is_filtered(g.port))
			continue;
		for (size_t k = 0; k < g.addresses->n; k++) {
			if (!ip_prefix_parse(g.addresses->v[k], &ip) ||
			    port_allows(g.port, &ip.addr))
				continue;
			finding_in(
				ctx, g.file, g.line,
				"\"%s\" uses %s, but its port, nicid %u, has %s%s: port security "
				"drops the packets; use the same address in both places",
				g.name, g.addresses->v[k], g.port->nicid,
				port_address(g.port, 0, &fixed) ? fixed.text : "no fixed address",
				port_address(g.port, 0, &fixed) ? "" : " (the VIM chooses one)");
			related(ctx, g.port->line);
		}
	}
}

/* Whether one of the addresses makes the whole subnet on-link. */
static bool reaches_subnet(const struct guest_addresses *a, const struct ip_prefix *net)
{
	struct ip_prefix own;

	return array_find(a->v, a->n,
			  ip_prefix_parse(*it, &own) && own.len == net->len &&
				  ip_prefix_contains(net, &own.addr)) != NULL;
}

static void address_prefix(const struct rule_ctx *ctx)
{
	struct rule_interface g;
	struct ip_prefix ip, net;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		const struct network *n = g.port ? rule_network(ctx, g.port->network) : NULL;
		for (size_t k = 0; n && !g.is_vlan && k < g.addresses->n; k++) {
			const struct subnet *subnet = ip_prefix_parse(g.addresses->v[k], &ip)
							      ? subnet_of(n, &ip.addr)
							      : NULL;
			if (!subnet || !subnet_prefix(subnet, &net) || net.len == ip.len)
				continue;
			bool host = ip.len == (ip.addr.version == 4 ? 32 : 128);
			if (host && reaches_subnet(g.addresses, &net))
				continue;
			finding_in(ctx, g.file, g.line,
				   "\"%s\" has %s, but its subnet \"%s\" is a /%u: the guest "
				   "cannot reach all hosts of the subnet; use /%u",
				   g.name, g.addresses->v[k], subnet->name, net.len, net.len);
			related(ctx, subnet->line);
		}
	}
}

/* The bond's address must belong to the network of every leg, or a failover makes it unreachable.
 */
static void bond_address_subnet(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	struct ip_prefix ip;

	for (size_t i = 0; i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		const struct network *n = port ? rule_network(ctx, port->network) : NULL;
		for (size_t k = 0; n && n->n_subnets > 0 && k < b->addresses.n; k++) {
			if (!ip_prefix_parse(b->addresses.v[k], &ip) ||
			    ip_is_link_local(&ip.addr) || subnet_of(n, &ip.addr))
				continue;
			bond_finding(ctx,
				     "bond \"%s\" has %s, which is in no subnet of network \"%s\", "
				     "the network of its leg nicid %u",
				     b->name, b->addresses.v[k], n->name, port->nicid);
			related(ctx, n->line);
		}
	}
}

/* Reports the first overlap of the two networks only. */
static void overlap_of(const struct rule_ctx *ctx, const struct network *a, const struct network *b)
{
	struct ip_prefix x, y;

	for (size_t i = 0; i < a->n_subnets; i++) {
		if (!subnet_prefix(&a->subnets[i], &x))
			continue;
		for (size_t k = 0; k < b->n_subnets; k++) {
			if (!subnet_prefix(&b->subnets[k], &y) || !ip_prefix_overlaps(&x, &y))
				continue;
			finding(ctx, b->subnets[k].line,
				"subnet \"%s\" of network \"%s\" overlaps subnet \"%s\" of network "
				"\"%s\", and vm_group \"%s\" has an interface on both: an address "
				"in both has an ambiguous route; change one subnet",
				b->subnets[k].name, b->name, a->subnets[i].name, a->name,
				ctx->group->name);
			related(ctx, a->subnets[i].line);
			return;
		}
	}
}

/* Whether the interface is the group's first on its network. */
static bool is_first(const struct vm_group *g, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (streq(g->interfaces[k].network, g->interfaces[i].network))
			return false;
	return true;
}

static void subnets_overlap(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;

	for (size_t i = 0; i < g->n_interfaces; i++)
		for (size_t k = 0; k < i && is_first(g, i); k++) {
			const struct interface *p = &g->interfaces[k], *q = &g->interfaces[i];
			const struct network *a = rule_network(ctx, p->network);
			const struct network *b = rule_network(ctx, q->network);
			if (a && b && is_first(g, k) && !may_be_one_bond(ctx, p, q))
				overlap_of(ctx, a, b);
		}
}

const struct check_rule address_rules[] = {
	{"address-no-subnet", SEVERITY_ERROR, LEVEL_PORT, address_no_subnet},
	{"address-outside-subnet", SEVERITY_ERROR, LEVEL_PORT, address_outside_subnet},
	{"address-gateway", SEVERITY_ERROR, LEVEL_PORT, address_gateway},
	{"address-reserved", SEVERITY_ERROR, LEVEL_PORT, address_reserved},
	{"address-twice", SEVERITY_ERROR, LEVEL_PORT, address_twice},
	{"bond-address-filtered", SEVERITY_ERROR, LEVEL_BOND, bond_address_filtered},
	{"bond-address-unowned", SEVERITY_WARNING, LEVEL_BOND, bond_address_unowned},
	{"leg-address-unused", SEVERITY_WARNING, LEVEL_BOND, leg_address_unused},
	{"bond-address-subnet", SEVERITY_ERROR, LEVEL_BOND, bond_address_subnet},
	{"guest-address", SEVERITY_ERROR, LEVEL_GROUP, guest_address},
	{"address-prefix", SEVERITY_ERROR, LEVEL_GROUP, address_prefix},
	{"subnets-overlap", SEVERITY_ERROR, LEVEL_GROUP, subnets_overlap},
	{0},
};
