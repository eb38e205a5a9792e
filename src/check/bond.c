// SPDX-License-Identifier: Apache-2.0
/* The bond itself: legs, mode, MAC, primary; Documentation/networking/bonding.rst. */
#include "base/str.h"
#include "check/rule.h"

static void bond_no_legs(const struct rule_ctx *ctx)
{
	if (ctx->bond->n_legs == 0)
		finding_in(ctx, ctx->bond->file, ctx->bond->line,
			   "%s has no legs: give it two, each an interface with %s as its master",
			   ctx->bond->name, ctx->bond->name);
}

static void bond_one_leg(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->n_legs == 1)
		finding_in(ctx, b->file, b->line,
			   "%s has one leg, %s: there is nothing to fail over to", b->name,
			   leg_text(&b->legs[0]));
}

static bool is_active_backup(const struct bond *b)
{
	return b->mode == BOND_MODE_ACTIVE_BACKUP;
}

static void bond_mode(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	switch (b->mode) {
	case BOND_MODE_ACTIVE_BACKUP:
	case BOND_MODE_BALANCE_TLB:
	case BOND_MODE_BALANCE_ALB:
		return;
	case BOND_MODE_UNSET:
		finding_in(ctx, b->file, b->line,
			   "%s sets no mode, so it is balance-rr, which spreads packets over both "
			   "legs: set mode=active-backup",
			   b->name);
		return;
	case BOND_MODE_BALANCE_RR:
	case BOND_MODE_BALANCE_XOR:
	case BOND_MODE_BROADCAST:
	case BOND_MODE_8023AD:
		finding_in(
			ctx, b->file, b->line,
			"%s is %s, which needs the switches' part (a port channel, LACP) and does "
			"not get it through VFs or virtual ports: set mode=active-backup",
			b->name, bond_mode_name(b->mode));
		return;
	}
}

static void bond_mode_balance(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->mode == BOND_MODE_BALANCE_TLB || b->mode == BOND_MODE_BALANCE_ALB)
		finding_in(ctx, b->file, b->line,
			   "%s is %s: both legs send, and MAC addresses move between them, which "
			   "spoof checking and port security refuse: set mode=active-backup",
			   b->name, bond_mode_name(b->mode));
}

/* The MAC of a leg has to change: at once with "none", at each failover with "follow". */
static bool moves_mac(const struct bond *b)
{
	return is_active_backup(b) && b->fail_over_mac != FAIL_OVER_MAC_ACTIVE;
}

static void bond_mac_policy(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t i = 0; moves_mac(b) && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) || rule_flag(ctx, port, "trusted", false))
			continue;
		finding_in(
			ctx, b->file, b->line,
			"%s has fail_over_mac=%s, which gives leg %s another MAC: its VF (nicid "
			"%u) is not trusted and has its MAC from the host, so the kernel refuses "
			"(Cannot assign requested address); set fail_over_mac=active",
			b->name,
			b->fail_over_mac == FAIL_OVER_MAC_FOLLOW ? "follow" : "none, the default",
			leg_text(&b->legs[i]), port->nicid);
		related(ctx, port->line);
		return;
	}
}

static void bond_mac_trusted(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t i = 0; moves_mac(b) && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) || !rule_flag(ctx, port, "trusted", false))
			continue;
		finding_in(ctx, b->file, b->line,
			   "%s moves its MAC to a trusted VF (nicid %u): that works, but Neutron's "
			   "agent no longer finds the port's MAC and reports the port DOWN; "
			   "fail_over_mac=active needs no trust",
			   b->name, port->nicid);
		related(ctx, port->line);
		return;
	}
}

static void bond_grat_arp(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (is_active_backup(b) && b->fail_over_mac == FAIL_OVER_MAC_ACTIVE && b->num_grat_arp == 0)
		finding_in(ctx, b->file, b->line,
			   "%s has num_grat_arp=0 with fail_over_mac=active: nobody is told of the "
			   "new MAC at a failover, and the neighbours go on with the old one until "
			   "it times out",
			   b->name);
}

static void bond_primary(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (!b->primary || b->n_legs == 0)
		return;
	for (size_t i = 0; i < b->n_legs; i++)
		if (streq(b->legs[i].name, b->primary) || !b->legs[i].name)
			return;
	finding_in(ctx, b->file, b->line, "primary=%s is no leg of %s", b->primary, b->name);
}

static void bond_failback(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (is_active_backup(b) && b->primary &&
	    (!b->primary_reselect || streq(b->primary_reselect, "always")))
		finding_in(
			ctx, b->file, b->line,
			"%s returns to %s as soon as that is up again "
			"(primary_reselect=always%s): a second outage, and one more for each time "
			"a bad link flaps; set primary_reselect=failure",
			b->name, b->primary, b->primary_reselect ? "" : ", the default");
}

static void bond_reselect(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->primary_reselect && !b->primary)
		finding_in(ctx, b->file, b->line,
			   "primary_reselect=%s of %s has no effect without a primary",
			   b->primary_reselect, b->name);
}

static void bond_dhcp(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->addresses.dhcp4 || b->addresses.dhcp6)
		finding_in(
			ctx, b->file, b->line,
			"%s asks for its address by DHCP: each leg is a port of its own with its "
			"own MAC and address, so what it gets depends on the leg that is active; "
			"give it a static address",
			b->name);
}

static void bond_ipv6_dad(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	struct ip_prefix ip;

	for (size_t i = 0; b->all_slaves_active && i < b->addresses.n; i++)
		if (ip_prefix_parse(b->addresses.v[i], &ip) && ip.addr.version == 6) {
			finding_in(
				ctx, b->file, b->line,
				"%s delivers what its backup leg receives (all_slaves_active=1): "
				"its own neighbour solicitation comes back through the switch, "
				"duplicate address detection fails, and %s is never used; leave "
				"all_slaves_active off",
				b->name, b->addresses.v[i]);
			return;
		}
}

const struct check_rule bond_rules[] = {
	{
		RULE("bond-no-legs", SEVERITY_ERROR, LEVEL_BOND, bond_no_legs),
		.title = "a bond has legs",
		.text = "At least one interface has the bond as its master.",
		.reason = "A bond without legs has no carrier and carries nothing.",
		.remedy = "Add the legs to the day-0 file.",
		.source = "TechNote 223247, step 3.2",
	},
	{
		RULE("bond-one-leg", SEVERITY_WARNING, LEVEL_BOND, bond_one_leg),
		.title = "a bond has two legs",
		.text = "At least two interfaces have the bond as their master.",
		.reason = "With one leg the loss of its NIC is the loss of the service.",
		.remedy =
			"Add a second leg on another physnet, or use the interface without a bond.",
		.source = "TechNote 223247, step 3.2",
	},
	{
		RULE("bond-mode", SEVERITY_ERROR, LEVEL_BOND, bond_mode),
		.title = "the bond is active-backup",
		.text = "The mode is given, and is one that needs nothing from the switch.",
		.reason = "Without a mode the driver takes balance-rr. That and the other modes "
			  "send on both legs and expect a port channel or LACP behind them, which "
			  "a VF does not have.",
		.remedy = "Set mode=active-backup.",
		.source = "bonding.rst, mode; TechNote 223247, \"Why active-backup mode\"",
	},
	{
		RULE("bond-mode-balance", SEVERITY_WARNING, LEVEL_BOND, bond_mode_balance),
		.title = "MAC addresses do not move between the legs",
		.text = "The bond is neither balance-tlb nor balance-alb.",
		.reason = "These modes send with the MAC of one leg on the other, or give legs new "
			  "MACs, which spoof checking drops.",
		.remedy = "Set mode=active-backup.",
		.source = "bonding.rst, mode",
	},
	{
		RULE("bond-mac-policy", SEVERITY_ERROR, LEVEL_BOND, bond_mac_policy),
		.title = "a VF keeps the MAC that the host gave it",
		.text = "An active-backup bond of VFs that are not trusted has "
			"fail_over_mac=active.",
		.reason = "Otherwise the bond sets one MAC on every leg. The host has set each "
			  "VF's MAC and does not let the guest change it: error -99, "
			  "EADDRNOTAVAIL, and the leg is not taken.",
		.remedy = "Set fail_over_mac=active (1), or trusted=true for the port where the "
			  "VIM allows it.",
		.source = "bonding.rst, fail_over_mac; TechNote 223247, step 3.1 (absent there); "
			  "Neutron Admin Guide, SR-IOV (trusted)",
	},
	{
		RULE("bond-mac-trusted", SEVERITY_NOTE, LEVEL_BOND, bond_mac_trusted),
		.title = "Neutron sees the MAC that it expects",
		.text = "A bond of trusted VFs has fail_over_mac=active all the same.",
		.reason = "neutron-sriov-nic-agent looks for a port by its MAC and takes one that "
			  "it does not find for down.",
		.remedy = "Set fail_over_mac=active.",
		.source = "Neutron, ml2/drivers/mech_sriov/agent",
	},
	{
		RULE("bond-grat-arp", SEVERITY_ERROR, LEVEL_BOND, bond_grat_arp),
		.title = "the neighbours are told of a failover",
		.text = "A bond with fail_over_mac=active has num_grat_arp (num_unsol_na) of 1 or "
			"more.",
		.reason = "With this policy the bond's MAC changes at a failover; the gratuitous "
			  "ARP and unsolicited NA are what tells the neighbours.",
		.remedy = "Leave num_grat_arp at its default, 1, or raise it.",
		.source = "bonding.rst, fail_over_mac and num_grat_arp",
	},
	{
		RULE("bond-primary", SEVERITY_ERROR, LEVEL_BOND, bond_primary),
		.title = "the primary is a leg",
		.text = "primary names an interface that is a leg of the bond.",
		.reason = "The driver takes any name and waits for an interface that never comes.",
		.remedy = "Correct the name, or leave primary out.",
		.source = "bonding.rst, primary",
	},
	{
		RULE("bond-failback", SEVERITY_WARNING, LEVEL_BOND, bond_failback),
		.title = "a leg that is back is not taken at once",
		.text = "A bond with a primary has primary_reselect=failure or better.",
		.reason = "The default, always, moves the service back the moment the link is up: "
			  "one more interruption, and it undoes the choice of whatever watches the "
			  "path.",
		.remedy = "Set primary_reselect=failure, or no primary.",
		.source = "bonding.rst, primary_reselect; TechNote 223247, failback scenario",
	},
	{
		RULE("bond-reselect", SEVERITY_NOTE, LEVEL_BOND, bond_reselect),
		.title = "primary_reselect goes with a primary",
		.text = "primary_reselect is set only where a primary is.",
		.reason = "It has no effect alone.",
		.remedy = "Name a primary, or leave primary_reselect out.",
		.source = "bonding.rst, primary_reselect",
	},
	{
		RULE("bond-dhcp", SEVERITY_WARNING, LEVEL_BOND, bond_dhcp),
		.title = "the bond's address does not depend on the leg",
		.text = "A bond has static addresses.",
		.reason = "Neutron's DHCP answers by the port's MAC, and each leg is another port.",
		.remedy = "Write the address into the day-0 file and give it to the legs' ports.",
		.source = "Neutron's DHCP agent; bonding.rst, fail_over_mac",
	},
	{
		RULE("bond-ipv6-dad", SEVERITY_WARNING, LEVEL_BOND, bond_ipv6_dad),
		.title = "duplicate address detection does not meet itself",
		.text = "A bond with IPv6 addresses does not deliver frames of its backup leg.",
		.reason = "Both legs are in one segment, so the switch floods the bond's own "
			  "solicitation to the backup leg; delivered, it looks like another host "
			  "with that address.",
		.remedy = "Leave all_slaves_active at 0.",
		.source = "RFC 4862, section 5.4; bonding.rst, all_slaves_active",
	},
	{0},
};
