// SPDX-License-Identifier: Apache-2.0
/* Layer 2: the segments of a bond's legs, VLANs, MTU. */
#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

enum {
	MTU_IPV6 = 1280, /* minimum for IPv6 (RFC 8200, section 5) */
	MTU_ETHERNET = 1500,
	MTU_OVER_VXLAN = 1450, /* Neutron's MTU for such a network on an underlay of 1500 */
};

/* For example "vlan 101 on sriov0". The caller frees it. */
static char *segment_text(const struct network *n)
{
	struct strbuf b = {0};

	strbuf_adds(&b, n->provider_network_type ? n->provider_network_type : "?");
	if (n->provider_segmentation_id)
		strbuf_addf(&b, " %u", n->provider_segmentation_id);
	if (n->provider_physical_network)
		strbuf_addf(&b, " on %s", n->provider_physical_network);
	return strbuf_steal(&b);
}

/* Calls report for each leg whose network has the given relation to that of the first leg. */
static void each_leg_apart(const struct rule_ctx *ctx, enum segment which,
			   void (*say)(const struct rule_ctx *ctx, const struct interface *first,
				       const struct interface *other))
{
	const struct interface *first = ctx->bond->n_legs ? rule_leg_port(ctx, 0) : NULL;

	for (size_t i = 1; first && i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (port && rule_segment(ctx, first->network, port->network) == which)
			say(ctx, first, port);
	}
}

static void say_segments_differ(const struct rule_ctx *ctx, const struct interface *first,
				const struct interface *other)
{
	const struct network *a = rule_network(ctx, first->network);
	const struct network *b = rule_network(ctx, other->network);
	cleanup_free char *in_a = segment_text(a), *in_b = segment_text(b);

	finding(ctx, b->line,
		"the legs of bond \"%s\" are in two layer-2 segments: network \"%s\" is %s, "
		"network \"%s\" is %s, so the bond's address is unreachable after a failover; use "
		"one segment, or, if the fabric bridges the two, %s",
		ctx->bond->name, a->name, in_a, b->name, in_b,
		a->in_vim && b->in_vim ? "waive this rule (waive.legs-segment)"
				       : "name both in the property same_segment");
	related(ctx, a->line);
}

static void legs_segment(const struct rule_ctx *ctx)
{
	each_leg_apart(ctx, SEGMENT_DIFFERENT, say_segments_differ);
}

static void say_segments_unknown(const struct rule_ctx *ctx, const struct interface *first,
				 const struct interface *other)
{
	finding(ctx, other->line,
		"whether networks \"%s\" and \"%s\" are one layer-2 segment is unknown, but the "
		"legs of bond \"%s\" must be in one: define type and segment of both, or, if they "
		"are one, name both in the property same_segment",
		first->network, other->network, ctx->bond->name);
	related(ctx, first->line);
}

static void legs_segment_unknown(const struct rule_ctx *ctx)
{
	each_leg_apart(ctx, SEGMENT_UNKNOWN, say_segments_unknown);
}

static void legs_physnet(const struct rule_ctx *ctx)
{
	for (size_t i = 1; i < ctx->bond->n_legs; i++) {
		const struct interface *a = rule_leg_port(ctx, i - 1), *b = rule_leg_port(ctx, i);
		if (!a || !b || !port_is_vf(a) || !port_is_vf(b))
			continue;
		const struct network *x = rule_network(ctx, a->network);
		const struct network *y = rule_network(ctx, b->network);
		bool one = x && y && x->provider_physical_network &&
			   streq(x->provider_physical_network, y->provider_physical_network);
		if (!one && !streq(a->network, b->network))
			continue;
		finding(ctx, b->line,
			"nicid %u and %u, both legs of bond \"%s\", take their VFs from one "
			"physical network%s%s: both VFs may be on one NIC, and losing it takes "
			"down both legs; use two networks on two physnets",
			a->nicid, b->nicid, ctx->bond->name, one ? ", " : "",
			one ? x->provider_physical_network : "");
		related(ctx, a->line);
	}
}

static void direct_network(const struct rule_ctx *ctx)
{
	const struct network *n = rule_network(ctx, ctx->port->network);

	if (!port_is_vf(ctx->port) || !n || !n->provider_network_type ||
	    !str_in_words("vxlan gre geneve", n->provider_network_type))
		return;
	finding(ctx, ctx->port->line,
		"nicid %u is a direct port on network \"%s\", which is %s: such a network has no "
		"VFs, so Nova finds no host; use a vlan or flat network with a physnet",
		ctx->port->nicid, n->name, n->provider_network_type);
	related(ctx, n->line);
}

static void vlan_in_vlan(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		const struct network *n = port ? rule_network(ctx, port->network) : NULL;
		if (!n || !port_is_vf(port) || !streq(n->provider_network_type, "vlan"))
			continue;
		for (size_t v = 0; v < ctx->bond->n_vlans; v++) {
			const struct guest_vlan *vlan = &ctx->bond->vlans[v];
			finding_in(ctx, vlan->file, vlan->line,
				   "\"%s\" adds VLAN tag %d inside the guest, but the host already "
				   "tags the VF (network \"%s\" is vlan %u), so the NIC drops the "
				   "frames: use a flat network, or remove the VLAN from the guest",
				   vlan->name, vlan->id, n->name, n->provider_segmentation_id);
			related(ctx, n->line);
		}
		return;
	}
}

static void mtu_legs(const struct rule_ctx *ctx)
{
	int of_bond = ctx->bond->mtu ? ctx->bond->mtu : MTU_ETHERNET;

	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct bond_leg *leg = &ctx->bond->legs[i];
		if (!leg->mtu || leg->mtu == of_bond)
			continue;
		finding_in(ctx, leg->file, leg->line,
			   "leg \"%s\" has MTU %d but bond \"%s\" has %d: the driver sets a leg to "
			   "the bond's MTU, so the result depends on the order; set the MTU on the "
			   "bond only",
			   leg_text(leg), leg->mtu, ctx->bond->name, of_bond);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
	for (size_t i = 0; i < ctx->bond->n_vlans; i++) {
		const struct guest_vlan *vlan = &ctx->bond->vlans[i];
		if (vlan->mtu <= of_bond)
			continue;
		finding_in(ctx, vlan->file, vlan->line,
			   "\"%s\" has MTU %d, more than the %d of bond \"%s\" below it, which the "
			   "kernel rejects",
			   vlan->name, vlan->mtu, of_bond, ctx->bond->name);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
}

static void mtu_tunnel(const struct rule_ctx *ctx)
{
	struct rule_interface g;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		const struct network *n = g.port ? rule_network(ctx, g.port->network) : NULL;
		if (!n || n->mtu || !streq(n->provider_network_type, "vxlan") ||
		    g.mtu <= MTU_OVER_VXLAN)
			continue;
		finding_in(
			ctx, g.file, g.line,
			"\"%s\" has MTU %d on network \"%s\", which is vxlan: the header takes 50 "
			"bytes, so more than %d fits only if the MTU of the underlay is above %d",
			g.name, g.mtu, n->name, MTU_OVER_VXLAN, MTU_ETHERNET);
		related(ctx, n->line);
	}
}

/* A NIC's MTU is 1500 unless day-0 sets it; a virtual one gets the network's from the host. */
static void say_mtu(const struct rule_ctx *ctx, const char *name, const char *file, unsigned line,
		    int mtu, const struct interface *port)
{
	const struct network *n = port ? rule_network(ctx, port->network) : NULL;
	int of_guest = mtu ? mtu : port && port_is_vf(port) ? MTU_ETHERNET : 0;

	if (!n || !n->mtu || of_guest <= (int)n->mtu)
		return;
	finding_in(ctx, file, line,
		   "\"%s\" has MTU %d, but network \"%s\" of nicid %u has %u in the VIM: larger "
		   "packets are lost; set an MTU of %u at most, or correct the network",
		   name, of_guest, n->name, port->nicid, n->mtu, n->mtu);
	related(ctx, n->line);
}

/* A bond is compared with the network of each leg. */
static void mtu_network(const struct rule_ctx *ctx)
{
	struct rule_interface g;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		size_t legs = g.bond && !g.is_vlan ? g.bond->n_legs : 0;
		for (size_t k = 0; k < legs; k++)
			say_mtu(ctx, g.name, g.file, g.line, g.mtu,
				guest_match_leg(ctx->match, g.bond, k));
		if (legs == 0)
			say_mtu(ctx, g.name, g.file, g.line, g.mtu, g.port);
	}
}

static void mtu_ipv6(const struct rule_ctx *ctx)
{
	struct rule_interface g;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		bool v6 = g.addresses->dhcp6;
		struct ip_prefix ip;
		for (size_t k = 0; k < g.addresses->n; k++)
			v6 = v6 ||
			     (ip_prefix_parse(g.addresses->v[k], &ip) && ip.addr.version == 6);
		if (v6 && g.mtu && g.mtu < MTU_IPV6)
			finding_in(ctx, g.file, g.line,
				   "\"%s\" has MTU %d and an IPv6 address: the kernel removes IPv6 "
				   "from an interface with an MTU below %d",
				   g.name, g.mtu, MTU_IPV6);
	}
}

const struct check_rule segment_rules[] = {
	{"legs-segment", SEVERITY_ERROR, LEVEL_BOND, legs_segment},
	{"legs-segment-unknown", SEVERITY_WARNING, LEVEL_BOND, legs_segment_unknown},
	{"legs-physnet", SEVERITY_WARNING, LEVEL_BOND, legs_physnet},
	{"direct-network", SEVERITY_ERROR, LEVEL_PORT, direct_network},
	{"vlan-in-vlan", SEVERITY_ERROR, LEVEL_BOND, vlan_in_vlan},
	{"mtu-legs", SEVERITY_WARNING, LEVEL_BOND, mtu_legs},
	{"mtu-tunnel", SEVERITY_WARNING, LEVEL_GROUP, mtu_tunnel},
	{"mtu-network", SEVERITY_ERROR, LEVEL_GROUP, mtu_network},
	{"mtu-ipv6", SEVERITY_ERROR, LEVEL_GROUP, mtu_ipv6},
	{0},
};
