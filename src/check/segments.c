// SPDX-License-Identifier: Apache-2.0
/* Layer 2: which segment the legs of a bond lie in, VLANs, MTU. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "check/rule.h"

enum {
	MTU_IPV6 = 1280, /* the least for IPv6 (RFC 8200, 5) */
	MTU_ETHERNET = 1500,
	MTU_OVER_VXLAN = 1450, /* what Neutron gives such a network on an underlay of 1500 */
};

/* "vlan 101 on sriov0"; the caller frees. */
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

/* Calls say with the first leg's port and that of each leg whose network stands so to its. */
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
		"the legs of %s lie in two layer-2 segments: network \"%s\" is %s, \"%s\" is %s; "
		"after a failover nobody finds the bond's address: use one segment, or, where the "
		"fabric bridges the two, name both in the property same_segment",
		ctx->bond->name, a->name, in_a, b->name, in_b);
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
		"whether networks \"%s\" and \"%s\" are one layer-2 segment cannot be told from "
		"here, and the legs of %s must lie in one: define type and segment of both, or, if "
		"they are one, name both in the property same_segment",
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
			"nicid %u and %u, both legs of %s, take their VFs from one physical "
			"network%s%s: both may come from one NIC, whose loss takes both; use two "
			"networks on two physnets",
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
		"nicid %u is a direct port on network \"%s\", which is %s: no VF belongs to such a "
		"network, and Nova finds no host; use a vlan or flat network with a physnet",
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
				   "%s tags with VLAN %d inside the guest, on a VF that the host "
				   "tags already (network \"%s\" is vlan %u): such frames are "
				   "dropped; use a flat network, or leave the tag to the network",
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
		finding_in(
			ctx, leg->file, leg->line,
			"leg %s has MTU %d and %s has %d: the driver gives a leg the bond's MTU, "
			"so what holds depends on who comes last; set it on the bond only",
			leg_text(leg), leg->mtu, ctx->bond->name, of_bond);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
	for (size_t i = 0; i < ctx->bond->n_vlans; i++) {
		const struct guest_vlan *vlan = &ctx->bond->vlans[i];
		if (vlan->mtu <= of_bond)
			continue;
		finding_in(
			ctx, vlan->file, vlan->line,
			"%s has MTU %d, more than the %d of %s below it: the kernel refuses that",
			vlan->name, vlan->mtu, of_bond, ctx->bond->name);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
}

static void mtu_tunnel(const struct rule_ctx *ctx)
{
	struct rule_interface g;

	for (size_t i = 0; rule_interface(ctx, i, &g); i++) {
		const struct network *n = g.port ? rule_network(ctx, g.port->network) : NULL;
		if (!n || !streq(n->provider_network_type, "vxlan") || g.mtu <= MTU_OVER_VXLAN)
			continue;
		finding_in(
			ctx, g.file, g.line,
			"%s has MTU %d on network \"%s\", which is vxlan: its header takes 50 "
			"bytes, so more than %d fits only where the underlay carries more than %d",
			g.name, g.mtu, n->name, MTU_OVER_VXLAN, MTU_ETHERNET);
		related(ctx, n->line);
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
				   "%s has MTU %d and an IPv6 address: below %d the kernel takes "
				   "IPv6 off the interface",
				   g.name, g.mtu, MTU_IPV6);
	}
}

const struct check_rule segment_rules[] = {
	{
		RULE("legs-segment", SEVERITY_ERROR, LEVEL_BOND, legs_segment),
		.title = "the legs of a bond lie in one layer-2 segment",
		.text = "The networks of a bond's legs are the same segment: the same type and the "
			"same VLAN id, or named together in the property same_segment.",
		.reason = "The bond has one address. After a failover its neighbours look for it "
			  "in their own segment; a leg in another one is a black hole.",
		.remedy = "Give both networks the same provider_segmentation_id, or declare "
			  "same_segment where the fabric bridges them.",
		.source =
			"TechNote 223247, step 1.3 (VLAN 101 and 102); bonding.rst, active-backup",
	},
	{
		RULE("legs-segment-unknown", SEVERITY_WARNING, LEVEL_BOND, legs_segment_unknown),
		.title = "it can be told that the legs lie in one segment",
		.text = "Networks of legs that the descriptor does not define, or without type and "
			"segment, are named in same_segment.",
		.reason = "Two segments under one bond work until the first failover.",
		.remedy = "Look both networks up in the VIM (openstack network show), then declare "
			  "same_segment.",
		.source = "TechNote 223247, step 1.3",
	},
	{
		RULE("legs-physnet", SEVERITY_WARNING, LEVEL_BOND, legs_physnet),
		.title = "the legs come from two physical networks",
		.text = "Legs that are VFs lie on different physnets.",
		.reason = "Nothing but the map of physnets to NICs keeps the VFs of two ports "
			  "apart; two VFs of one NIC fail together.",
		.remedy = "Map each NIC to a physnet of its own and give each leg a network on "
			  "another one.",
		.source = "TechNote 223247, step 1.3; Neutron Admin Guide, SR-IOV "
			  "(physical_device_mappings)",
	},
	{
		RULE("direct-network", SEVERITY_ERROR, LEVEL_PORT, direct_network),
		.title = "a direct port's network has VFs",
		.text = "A direct or macvtap port is on a vlan or flat network, not on a tunnel.",
		.reason = "VFs belong to a physnet, and a tunnel has none: Nova ends with \"No "
			  "valid host was found\".",
		.remedy = "Make the network vlan or flat, with provider_physical_network.",
		.source = "Neutron Admin Guide, SR-IOV; Nova's PciPassthroughFilter",
	},
	{
		RULE("vlan-in-vlan", SEVERITY_ERROR, LEVEL_BOND, vlan_in_vlan),
		.title = "a guest does not tag what the host tags",
		.text = "A bond of VFs on vlan networks has no VLAN of the guest's on it.",
		.reason = "The host sets the network's VLAN on the VF; the NIC drops what comes "
			  "tagged from the guest.",
		.remedy = "Use flat networks for legs whose guest tags.",
		.source = "Neutron Admin Guide, SR-IOV; ip-link(8), vf vlan",
	},
	{
		RULE("mtu-legs", SEVERITY_WARNING, LEVEL_BOND, mtu_legs),
		.title = "bond, legs and VLANs agree on the MTU",
		.text = "A leg has no MTU other than the bond's, a VLAN none above it.",
		.reason = "The driver sets the legs to the bond's MTU, and a failover to a leg of "
			  "another one loses the long answers only.",
		.remedy = "Set the MTU on the bond and nowhere else.",
		.source = "Linux drivers/net/bonding/bond_main.c, bond_enslave()",
	},
	{
		RULE("mtu-tunnel", SEVERITY_WARNING, LEVEL_GROUP, mtu_tunnel),
		.title = "a tunnelled network's MTU leaves room for its header",
		.text = "An interface on a vxlan network has MTU 1450 at most.",
		.reason = "Longer packets vanish in the underlay unless that has been made larger.",
		.remedy = "Leave the MTU to the network (Neutron's DHCP or config drive tells it), "
			  "or set 1450.",
		.source = "Neutron Admin Guide, MTU considerations",
	},
	{
		RULE("mtu-ipv6", SEVERITY_ERROR, LEVEL_GROUP, mtu_ipv6),
		.title = "IPv6 has its least MTU",
		.text = "An interface with IPv6 addresses has MTU 1280 or more.",
		.reason =
			"IPv6 does not work on a link with less, and the kernel removes it there.",
		.remedy = "Raise the MTU, or leave it out.",
		.source = "RFC 8200, section 5",
	},
	{0},
};
