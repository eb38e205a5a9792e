// SPDX-License-Identifier: Apache-2.0
/* How a bond detects a failed leg: miimon and the ARP monitor. */
#include "base/str.h"
#include "check/rule.h"
#include "model/service.h"

enum {
	NM_MIIMON =
		100, /* NetworkManager's default if neither monitor is set (nm-settings, bond) */
	ARP_INTERVALS =
		3, /* two missed intervals and the tick that detects them (arp_missed_max 2) */
};

/* The effective miimon, in ms; 0 if disabled. */
static int miimon_of(const struct bond *b)
{
	bool by_network_manager = b->dialect == DIALECT_NMCLI || b->dialect == DIALECT_IFCFG;

	if (b->miimon < 0 && b->arp_interval <= 0 && by_network_manager)
		return NM_MIIMON;
	return b->miimon > 0 ? b->miimon : 0;
}

static void bond_monitor_none(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (miimon_of(b) == 0 && b->arp_interval <= 0 && !rule_options_unknown(ctx))
		bond_finding(
			ctx,
			"bond \"%s\" sets neither miimon nor arp_interval, so it never detects "
			"a link failure: set miimon=100",
			b->name);
}

static void bond_monitor_both(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->miimon > 0 && b->arp_interval > 0)
		bond_finding(ctx,
			     "bond \"%s\" sets both miimon=%d and arp_interval=%d: the kernel "
			     "rejects the second or disables the first; keep one",
			     b->name, b->miimon, b->arp_interval);
}

static void bond_monitor_slow(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	const char *allowed = rule_option(ctx, NULL, "max_outage_ms");
	int64_t limit, worst;

	if (!allowed || str_to_int(allowed, 1, INT32_MAX, &limit) < 0 || rule_options_unknown(ctx))
		return;
	worst = b->arp_interval > 0 ? (int64_t)b->arp_interval * ARP_INTERVALS
				    : (int64_t)miimon_of(b) + (b->downdelay > 0 ? b->downdelay : 0);
	if (worst <= limit)
		return;
	if (b->arp_interval > 0)
		bond_finding(
			ctx,
			"bond \"%s\" declares a leg down after %d intervals of arp_interval=%d, "
			"%lld ms, but max_outage_ms is %lld: shorten the interval",
			b->name, ARP_INTERVALS, b->arp_interval, (long long)worst,
			(long long)limit);
	else
		bond_finding(ctx,
			     "bond \"%s\" polls its legs every %d ms%s, so detecting a failure may "
			     "take %lld ms, but max_outage_ms is %lld: shorten the interval",
			     b->name, miimon_of(b),
			     b->downdelay > 0 ? " and then waits for downdelay" : "",
			     (long long)worst, (long long)limit);
}

static void bond_monitor_blind(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->mode == BOND_MODE_ACTIVE_BACKUP && b->n_legs > 1 && miimon_of(b) > 0 &&
	    b->arp_interval <= 0 && !rule_options_unknown(ctx))
		bond_finding(
			ctx,
			"bond \"%s\" uses miimon, which monitors the carrier of the legs only: "
			"it does not detect a dead uplink, a black-holed VLAN or one-way loss; %s "
			"the ARP monitor with two targets",
			b->name,
			service_has_bondd(ctx->deployment, ctx->group)
				? "run bondd in the guest, or use"
				: "as guest_agent is none, nothing else does, so use");
}

static void bond_uplink_status(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t i = 0; miimon_of(b) > 0 && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) ||
		    rule_flag(ctx, port, "propagate_uplink_status", true))
			continue;
		bond_finding(
			ctx,
			"bond \"%s\" uses miimon, but nicid %u has propagate_uplink_status=false: "
			"Neutron then forces the VF's link up, and miimon never detects a pulled "
			"cable; remove the property (dnsvnf sets it to true)",
			b->name, port->nicid);
		related(ctx, port->line);
	}
}

static void bond_arp_target(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && b->arp_ip_targets.n == 0 && !rule_options_unknown(ctx))
		bond_finding(ctx,
			     "bond \"%s\" has arp_interval=%d but no arp_ip_target, so no leg ever "
			     "comes up: set two addresses of the bond's subnet",
			     b->name, b->arp_interval);
}

static void bond_arp_one_target(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && b->arp_ip_targets.n == 1 && !rule_options_unknown(ctx))
		bond_finding(ctx,
			     "bond \"%s\" has %s as its only arp_ip_target: if this host is down, "
			     "the bond declares both legs down and the DNS service stops; add a "
			     "second target",
			     b->name, b->arp_ip_targets.v[0]);
}

static void bond_arp_offlink(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t t = 0; b->arp_interval > 0 && t < b->arp_ip_targets.n; t++) {
		struct ip_addr target;
		struct ip_prefix own;
		bool known = false, on_link = guest_is_partial(&ctx->group->guest);
		if (!ip_parse(b->arp_ip_targets.v[t], &target))
			continue;
		for (size_t v = 0; v <= b->n_vlans; v++) {
			const struct guest_addresses *a =
				v ? &b->vlans[v - 1].addresses : &b->addresses;
			known = known || a->dhcp4;
			for (size_t i = 0; i < a->n; i++) {
				if (!ip_prefix_parse(a->v[i], &own) || own.addr.version != 4)
					continue;
				known = true;
				on_link = on_link || a->dhcp4 || ip_prefix_contains(&own, &target);
			}
			on_link = on_link || a->dhcp4;
		}
		if (!on_link)
			bond_finding(ctx,
				     "bond \"%s\" has arp_ip_target %s, which %s: no host answers "
				     "the ARP requests, and both legs stay down; use an address of "
				     "the bond's subnet",
				     b->name, b->arp_ip_targets.v[t],
				     known ? "is not in the bond's subnet"
					   : "it cannot query, because it has no IPv4 address");
	}
}

static void bond_arp_validate(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && !rule_options_unknown(ctx) &&
	    (!b->arp_validate || streq(b->arp_validate, "none")))
		bond_finding(
			ctx,
			"bond \"%s\" accepts any frame as a sign of life (arp_validate=none%s): "
			"a leg that receives but cannot send stays active; set arp_validate=all",
			b->name, b->arp_validate ? "" : ", the default");
}

static void bond_delay(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	int miimon = miimon_of(b);

	if (b->downdelay <= 0 || rule_options_unknown(ctx) ||
	    (miimon > 0 && b->downdelay % miimon == 0))
		return;
	if (miimon == 0)
		bond_finding(ctx,
			     "downdelay=%d of bond \"%s\" has no effect without miimon: remove it",
			     b->downdelay, b->name);
	else
		bond_finding(
			ctx,
			"downdelay=%d of bond \"%s\" is not a multiple of miimon=%d: the driver "
			"rounds it down to %d",
			b->downdelay, b->name, miimon, b->downdelay / miimon * miimon);
}

const struct check_rule monitor_rules[] = {
	{"bond-monitor-none", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_none},
	{"bond-monitor-both", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_both},
	{"bond-monitor-slow", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_slow},
	{"bond-monitor-blind", SEVERITY_NOTE, LEVEL_BOND, bond_monitor_blind},
	{"bond-uplink-status", SEVERITY_ERROR, LEVEL_BOND, bond_uplink_status},
	{"bond-arp-target", SEVERITY_ERROR, LEVEL_BOND, bond_arp_target},
	{"bond-arp-one-target", SEVERITY_WARNING, LEVEL_BOND, bond_arp_one_target},
	{"bond-arp-offlink", SEVERITY_ERROR, LEVEL_BOND, bond_arp_offlink},
	{"bond-arp-validate", SEVERITY_NOTE, LEVEL_BOND, bond_arp_validate},
	{"bond-delay", SEVERITY_WARNING, LEVEL_BOND, bond_delay},
	{0},
};
