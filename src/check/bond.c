// SPDX-License-Identifier: Apache-2.0
/* The bond itself: legs, mode, MAC policy, primary. Source: Documentation/networking/bonding.rst.
 */
#include "base/str.h"
#include "check/rule.h"

static void bond_no_legs(const struct rule_ctx *ctx)
{
	if (ctx->bond->n_legs == 0 && !rule_legs_unknown(ctx))
		bond_finding(
			ctx,
			"bond \"%s\" has no legs: add two interfaces with \"%s\" as their master",
			ctx->bond->name, ctx->bond->name);
}

static void bond_one_leg(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->n_legs == 1 && !rule_legs_unknown(ctx))
		bond_finding(ctx,
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
		if (rule_options_unknown(ctx))
			return;
		bond_finding(ctx,
			     "bond \"%s\" sets no mode, so the driver uses balance-rr, which sends "
			     "on both legs: set mode=active-backup",
			     b->name);
		return;
	case BOND_MODE_BALANCE_RR:
	case BOND_MODE_BALANCE_XOR:
	case BOND_MODE_BROADCAST:
	case BOND_MODE_8023AD:
		bond_finding(ctx,
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
		bond_finding(
			ctx,
			"bond \"%s\" has mode %s: both legs send and MAC addresses move between "
			"them, which spoof checking and port security reject: set "
			"mode=active-backup",
			b->name, bond_mode_name(b->mode));
}

/* The leg's MAC must change: immediately with "none", at each failover with "follow". */
static bool moves_mac(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->fail_over_mac == FAIL_OVER_MAC_UNSET && rule_options_unknown(ctx))
		return false;
	return is_active_backup(b) && b->fail_over_mac != FAIL_OVER_MAC_ACTIVE;
}

static void bond_mac_policy(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t i = 0; moves_mac(ctx) && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) || rule_flag(ctx, port, "trusted", false))
			continue;
		bond_finding(
			ctx,
			"bond \"%s\" has fail_over_mac=%s, which changes the MAC of leg \"%s\", "
			"but the host has set the MAC of its VF (nicid %u) and the VF is not "
			"trusted: the kernel refuses (Cannot assign requested address); set "
			"fail_over_mac=active",
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

	for (size_t i = 0; moves_mac(ctx) && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) || !rule_flag(ctx, port, "trusted", false))
			continue;
		bond_finding(
			ctx,
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
		bond_finding(ctx,
			     "bond \"%s\" has num_grat_arp=0 with fail_over_mac=active: neighbours "
			     "keep the old MAC after a failover until their cache expires; set "
			     "num_grat_arp=1",
			     b->name);
}

static void bond_primary(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (!b->primary || b->n_legs == 0 || rule_legs_unknown(ctx))
		return;
	for (size_t i = 0; i < b->n_legs; i++)
		if (streq(b->legs[i].name, b->primary) || !b->legs[i].name)
			return;
	bond_finding(ctx, "primary=%s is not a leg of bond \"%s\": name one of its legs",
		     b->primary, b->name);
}

static void bond_failback(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (is_active_backup(b) && b->primary &&
	    (b->primary_reselect || !rule_options_unknown(ctx)) &&
	    (!b->primary_reselect || streq(b->primary_reselect, "always")))
		bond_finding(ctx,
			     "bond \"%s\" returns to \"%s\" as soon as its link is up "
			     "(primary_reselect=always%s): each return is another outage, and a "
			     "flapping link repeats it; set primary_reselect=failure",
			     b->name, b->primary, b->primary_reselect ? "" : ", the default");
}

static void bond_reselect(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->primary_reselect && !b->primary && !rule_options_unknown(ctx))
		bond_finding(ctx,
			     "primary_reselect=%s of bond \"%s\" has no effect without a primary: "
			     "remove it or set primary",
			     b->primary_reselect, b->name);
}

static void bond_dhcp(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->addresses.dhcp4 || b->addresses.dhcp6)
		bond_finding(
			ctx,
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
			bond_finding(ctx,
				     "bond \"%s\" delivers frames from its backup leg "
				     "(all_slaves_active=1): its own neighbour solicitation comes "
				     "back through the switch, duplicate address detection fails, "
				     "and the kernel never uses %s; set all_slaves_active=0",
				     b->name, b->addresses.v[i]);
			return;
		}
}

const struct check_rule bond_rules[] = {
	{"bond-no-legs", SEVERITY_ERROR, LEVEL_BOND, bond_no_legs},
	{"bond-one-leg", SEVERITY_WARNING, LEVEL_BOND, bond_one_leg},
	{"bond-mode", SEVERITY_ERROR, LEVEL_BOND, bond_mode},
	{"bond-mode-balance", SEVERITY_WARNING, LEVEL_BOND, bond_mode_balance},
	{"bond-mac-policy", SEVERITY_ERROR, LEVEL_BOND, bond_mac_policy},
	{"bond-mac-trusted", SEVERITY_NOTE, LEVEL_BOND, bond_mac_trusted},
	{"bond-grat-arp", SEVERITY_ERROR, LEVEL_BOND, bond_grat_arp},
	{"bond-primary", SEVERITY_ERROR, LEVEL_BOND, bond_primary},
	{"bond-failback", SEVERITY_WARNING, LEVEL_BOND, bond_failback},
	{"bond-reselect", SEVERITY_NOTE, LEVEL_BOND, bond_reselect},
	{"bond-dhcp", SEVERITY_WARNING, LEVEL_BOND, bond_dhcp},
	{"bond-ipv6-dad", SEVERITY_WARNING, LEVEL_BOND, bond_ipv6_dad},
	{0},
};
