// SPDX-License-Identifier: Apache-2.0
/* The bond itself: legs, mode, MAC policy, primary. Source: Documentation/networking/bonding.rst.
 */
#include "base/str.h"
#include "check/rule.h"

static void bond_no_legs(const struct rule_ctx *ctx)
{
	if (ctx->bond->n_legs == 0)
		finding_in(
			ctx, ctx->bond->file, ctx->bond->line,
			"bond \"%s\" has no legs: add two interfaces with \"%s\" as their master",
			ctx->bond->name, ctx->bond->name);
}

static void bond_one_leg(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->n_legs == 1)
		finding_in(ctx, b->file, b->line,
			   "bond \"%s\" has only one leg, \"%s\", so it cannot fail over: add a "
			   "second one",
			   b->name, leg_text(&b->legs[0]));
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
			   "bond \"%s\" sets no mode, so the driver uses balance-rr, which sends "
			   "on both legs: set mode=active-backup",
			   b->name);
		return;
	case BOND_MODE_BALANCE_RR:
	case BOND_MODE_BALANCE_XOR:
	case BOND_MODE_BROADCAST:
	case BOND_MODE_8023AD:
		finding_in(ctx, b->file, b->line,
			   "bond \"%s\" has mode %s, which needs a port channel or LACP on the "
			   "switch; VFs and virtual ports have neither: set mode=active-backup",
			   b->name, bond_mode_name(b->mode));
		return;
	}
}

static void bond_mode_balance(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->mode == BOND_MODE_BALANCE_TLB || b->mode == BOND_MODE_BALANCE_ALB)
		finding_in(ctx, b->file, b->line,
			   "bond \"%s\" has mode %s: both legs send and MAC addresses move between "
			   "them, which spoof checking and port security reject: set "
			   "mode=active-backup",
			   b->name, bond_mode_name(b->mode));
}

/* The leg's MAC must change: immediately with "none", at each failover with "follow". */
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
		finding_in(ctx, b->file, b->line,
			   "bond \"%s\" has fail_over_mac=%s, which changes the MAC of leg \"%s\", "
			   "but the host has set the MAC of its VF (nicid %u) and the VF is not "
			   "trusted: the kernel refuses (Cannot assign requested address); set "
			   "fail_over_mac=active",
			   b->name,
			   b->fail_over_mac == FAIL_OVER_MAC_FOLLOW ? "follow"
								    : "none, the default",
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
			   "bond \"%s\" moves its MAC to a trusted VF (nicid %u): this works, but "
			   "Neutron's agent no longer finds the port's MAC and reports the port "
			   "DOWN; set fail_over_mac=active, which needs no trust",
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
			   "bond \"%s\" has num_grat_arp=0 with fail_over_mac=active: neighbours "
			   "keep the old MAC after a failover until their cache expires; set "
			   "num_grat_arp=1",
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
	finding_in(ctx, b->file, b->line,
		   "primary=%s is not a leg of bond \"%s\": name one of its legs", b->primary,
		   b->name);
}

static void bond_failback(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (is_active_backup(b) && b->primary &&
	    (!b->primary_reselect || streq(b->primary_reselect, "always")))
		finding_in(ctx, b->file, b->line,
			   "bond \"%s\" returns to \"%s\" as soon as its link is up "
			   "(primary_reselect=always%s): each return is another outage, and a "
			   "flapping link repeats it; set primary_reselect=failure",
			   b->name, b->primary, b->primary_reselect ? "" : ", the default");
}

static void bond_reselect(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->primary_reselect && !b->primary)
		finding_in(ctx, b->file, b->line,
			   "primary_reselect=%s of bond \"%s\" has no effect without a primary: "
			   "remove it or set primary",
			   b->primary_reselect, b->name);
}

static void bond_dhcp(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->addresses.dhcp4 || b->addresses.dhcp6)
		finding_in(
			ctx, b->file, b->line,
			"bond \"%s\" uses DHCP: each leg is a port with its own MAC and address, "
			"so the address depends on the active leg; use a static address",
			b->name);
}

static void bond_ipv6_dad(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	struct ip_prefix ip;

	for (size_t i = 0; b->all_slaves_active && i < b->addresses.n; i++)
		if (ip_prefix_parse(b->addresses.v[i], &ip) && ip.addr.version == 6) {
			finding_in(ctx, b->file, b->line,
				   "bond \"%s\" delivers frames from its backup leg "
				   "(all_slaves_active=1): its own neighbour solicitation comes "
				   "back through the switch, duplicate address detection fails, "
				   "and the kernel never uses %s; set all_slaves_active=0",
				   b->name, b->addresses.v[i]);
			return;
		}
}

const struct check_rule bond_rules[] = {
	{
		RULE("bond-no-legs", SEVERITY_ERROR, LEVEL_BOND, bond_no_legs),
		.title = "a bond has legs",
		.text = "At least one interface has the bond as its master.",
		.reason = "A bond without legs has no carrier and forwards nothing.",
		.remedy = "Add the legs to the day-0 file.",
		.source = "TechNote 223247, step 3.2",
	},
	{
		RULE("bond-one-leg", SEVERITY_WARNING, LEVEL_BOND, bond_one_leg),
		.title = "a bond has two legs",
		.text = "At least two interfaces have the bond as their master.",
		.reason = "With one leg, losing its NIC stops the service.",
		.remedy =
			"Add a second leg on another physnet, or use the interface without a bond.",
		.source = "TechNote 223247, step 3.2",
	},
	{
		RULE("bond-mode", SEVERITY_ERROR, LEVEL_BOND, bond_mode),
		.title = "the bond mode is active-backup",
		.text = "The mode is set, and it needs no support from the switch.",
		.reason = "The default mode is balance-rr. It and the other modes send on both "
			  "legs and expect a port channel or LACP on the switch, which a VF does "
			  "not have.",
		.remedy = "Set mode=active-backup.",
		.source = "bonding.rst, mode; TechNote 223247, \"Why active-backup mode\"",
	},
	{
		RULE("bond-mode-balance", SEVERITY_WARNING, LEVEL_BOND, bond_mode_balance),
		.title = "MAC addresses do not move between legs",
		.text = "The bond mode is neither balance-tlb nor balance-alb.",
		.reason = "These modes send with the MAC of one leg on another, or change the MACs "
			  "of legs. Spoof checking drops such frames.",
		.remedy = "Set mode=active-backup.",
		.source = "bonding.rst, mode",
	},
	{
		RULE("bond-mac-policy", SEVERITY_ERROR, LEVEL_BOND, bond_mac_policy),
		.title = "a VF keeps the MAC set by the host",
		.text = "An active-backup bond of untrusted VFs has fail_over_mac=active.",
		.reason = "Otherwise the bond sets one MAC on every leg. The host has set each "
			  "VF's MAC and an untrusted guest cannot change it: the kernel returns "
			  "EADDRNOTAVAIL (-99) and the leg does not join the bond.",
		.remedy = "Set fail_over_mac=active (1), or trusted=true for the port if the VIM "
			  "allows it.",
		.source = "bonding.rst, fail_over_mac; TechNote 223247, step 3.1 (absent there); "
			  "Neutron Admin Guide, SR-IOV (trusted)",
	},
	{
		RULE("bond-mac-trusted", SEVERITY_NOTE, LEVEL_BOND, bond_mac_trusted),
		.title = "Neutron finds the port's MAC",
		.text = "A bond of trusted VFs has fail_over_mac=active too.",
		.reason = "neutron-sriov-nic-agent identifies a port by its MAC and reports a port "
			  "that it does not find as DOWN.",
		.remedy = "Set fail_over_mac=active.",
		.source = "Neutron, ml2/drivers/mech_sriov/agent",
	},
	{
		RULE("bond-grat-arp", SEVERITY_ERROR, LEVEL_BOND, bond_grat_arp),
		.title = "a failover is announced to the neighbours",
		.text = "A bond with fail_over_mac=active has num_grat_arp (num_unsol_na) of at "
			"least 1.",
		.reason = "With this policy the bond's MAC changes at a failover. Gratuitous ARP "
			  "and unsolicited NA announce the new MAC.",
		.remedy = "Leave num_grat_arp at its default of 1, or raise it.",
		.source = "bonding.rst, fail_over_mac and num_grat_arp",
	},
	{
		RULE("bond-primary", SEVERITY_ERROR, LEVEL_BOND, bond_primary),
		.title = "the primary is a leg",
		.text = "primary names a leg of the bond.",
		.reason = "The driver accepts any name and waits for that interface, which never "
			  "appears.",
		.remedy = "Correct the name or remove primary.",
		.source = "bonding.rst, primary",
	},
	{
		RULE("bond-failback", SEVERITY_WARNING, LEVEL_BOND, bond_failback),
		.title = "a recovered leg does not become active at once",
		.text = "A bond with a primary has primary_reselect=failure or "
			"primary_reselect=better.",
		.reason = "The default, always, moves the service back as soon as the link is up. "
			  "That is a second interruption, and it overrides the decision of a path "
			  "monitor.",
		.remedy = "Set primary_reselect=failure, or remove primary.",
		.source = "bonding.rst, primary_reselect; TechNote 223247, failback scenario",
	},
	{
		RULE("bond-reselect", SEVERITY_NOTE, LEVEL_BOND, bond_reselect),
		.title = "primary_reselect needs a primary",
		.text = "primary_reselect is set only if primary is set.",
		.reason = "It has no effect otherwise.",
		.remedy = "Set primary or remove primary_reselect.",
		.source = "bonding.rst, primary_reselect",
	},
	{
		RULE("bond-dhcp", SEVERITY_WARNING, LEVEL_BOND, bond_dhcp),
		.title = "the bond's address does not depend on the leg",
		.text = "A bond has static addresses.",
		.reason = "Neutron's DHCP server answers by the port's MAC, and each leg is a "
			  "different port.",
		.remedy = "Set the address in the day-0 file and assign it to the legs' ports.",
		.source = "Neutron's DHCP agent; bonding.rst, fail_over_mac",
	},
	{
		RULE("bond-ipv6-dad", SEVERITY_WARNING, LEVEL_BOND, bond_ipv6_dad),
		.title = "duplicate address detection succeeds",
		.text = "A bond with IPv6 addresses does not deliver frames from its backup leg.",
		.reason = "Both legs are in one segment, so the switch floods the bond's own "
			  "solicitation to the backup leg. If delivered, it looks like another "
			  "host with the same address.",
		.remedy = "Leave all_slaves_active at 0.",
		.source = "RFC 4862, section 5.4; bonding.rst, all_slaves_active",
	},
	{0},
};
