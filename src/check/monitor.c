// SPDX-License-Identifier: Apache-2.0
/* How a bond notices that a leg has failed: miimon and the ARP monitor. */
#include "base/str.h"
#include "check/rule.h"

enum {
	NM_MIIMON = 100,   /* NetworkManager's, where neither monitor is set (nm-settings, bond) */
	ARP_INTERVALS = 3, /* down after two missed and the tick that notices (arp_missed_max 2) */
};

/* The miimon that holds, in ms; 0: none. */
static int miimon_of(const struct bond *b)
{
	if (b->miimon < 0 && b->arp_interval <= 0 && b->dialect == DIALECT_NMCLI)
		return NM_MIIMON;
	return b->miimon > 0 ? b->miimon : 0;
}

static void bond_monitor_none(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (miimon_of(b) == 0 && b->arp_interval <= 0)
		finding_in(
			ctx, b->file, b->line,
			"%s has neither miimon nor arp_interval: it never notices that a leg has "
			"lost its link; set miimon=100",
			b->name);
}

static void bond_monitor_both(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->miimon > 0 && b->arp_interval > 0)
		finding_in(ctx, b->file, b->line,
			   "%s has miimon=%d and arp_interval=%d: the kernel forbids both at once, "
			   "and refuses the second or drops the first; keep one",
			   b->name, b->miimon, b->arp_interval);
}

static void bond_monitor_slow(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	const char *allowed = rule_option(ctx, NULL, "max_outage_ms");
	int64_t limit, worst;

	if (!allowed || str_to_int(allowed, 1, INT32_MAX, &limit) < 0)
		return;
	worst = b->arp_interval > 0 ? (int64_t)b->arp_interval * ARP_INTERVALS
				    : (int64_t)miimon_of(b) + (b->downdelay > 0 ? b->downdelay : 0);
	if (worst <= limit)
		return;
	if (b->arp_interval > 0)
		finding_in(
			ctx, b->file, b->line,
			"%s takes a leg for down after %d intervals of arp_interval=%d, %lld ms, "
			"and max_outage_ms allows %lld: shorten the interval",
			b->name, ARP_INTERVALS, b->arp_interval, (long long)worst,
			(long long)limit);
	else
		finding_in(ctx, b->file, b->line,
			   "%s looks at its legs every %d ms%s, so a loss may take %lld ms to be "
			   "seen, and max_outage_ms allows %lld: shorten it",
			   b->name, miimon_of(b), b->downdelay > 0 ? " and waits downdelay" : "",
			   (long long)worst, (long long)limit);
}

static void bond_monitor_blind(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->mode == BOND_MODE_ACTIVE_BACKUP && b->n_legs > 1 && miimon_of(b) > 0 &&
	    b->arp_interval <= 0)
		finding_in(
			ctx, b->file, b->line,
			"%s is watched by miimon, which sees the carrier of its legs and nothing "
			"behind: a dead uplink, a black-holed VLAN or a one-way loss is no failure "
			"to it; bondd's probes or the ARP monitor with two targets see those",
			b->name);
}

static void bond_uplink_status(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t i = 0; miimon_of(b) > 0 && i < b->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || !port_is_vf(port) ||
		    rule_flag(ctx, port, "propagate_uplink_status", true))
			continue;
		finding_in(
			ctx, b->file, b->line,
			"%s is watched by miimon, and nicid %u has propagate_uplink_status=false: "
			"Neutron then forces the VF's link up, and a pulled cable is never seen; "
			"leave the property out (dnsvnf sets it to true)",
			b->name, port->nicid);
		related(ctx, port->line);
	}
}

static void bond_arp_target(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && b->arp_ip_targets.n == 0)
		finding_in(
			ctx, b->file, b->line,
			"%s has arp_interval=%d and no arp_ip_target: without a target no leg is "
			"ever up; name two addresses in the bond's subnet",
			b->name, b->arp_interval);
}

static void bond_arp_one_target(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && b->arp_ip_targets.n == 1)
		finding_in(ctx, b->file, b->line,
			   "%s has %s as its only arp_ip_target: when that is down, both legs are "
			   "taken for down and the DNS service goes with it; name a second one",
			   b->name, b->arp_ip_targets.v[0]);
}

static void bond_arp_offlink(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	for (size_t t = 0; b->arp_interval > 0 && t < b->arp_ip_targets.n; t++) {
		struct ip_addr target;
		struct ip_prefix own;
		bool known = false, on_link = false;
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
			finding_in(
				ctx, b->file, b->line,
				"%s has arp_ip_target %s, which %s: nobody answers an ARP request "
				"for it, and both legs stay down; take an address of the bond's "
				"own subnet",
				b->name, b->arp_ip_targets.v[t],
				known ? "is not in the bond's subnet"
				      : "the bond cannot ask for, having no IPv4 address");
	}
}

static void bond_arp_validate(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;

	if (b->arp_interval > 0 && (!b->arp_validate || streq(b->arp_validate, "none")))
		finding_in(
			ctx, b->file, b->line,
			"%s takes any frame for a sign of life (arp_validate=none%s): a leg that "
			"receives and cannot send stays up; set arp_validate=all",
			b->name, b->arp_validate ? "" : ", the default");
}

static void bond_delay(const struct rule_ctx *ctx)
{
	const struct bond *b = ctx->bond;
	int miimon = miimon_of(b);

	if (b->downdelay <= 0 || (miimon > 0 && b->downdelay % miimon == 0))
		return;
	if (miimon == 0)
		finding_in(ctx, b->file, b->line, "downdelay=%d of %s has no effect without miimon",
			   b->downdelay, b->name);
	else
		finding_in(ctx, b->file, b->line,
			   "downdelay=%d of %s is no multiple of miimon=%d: the driver rounds it "
			   "down to %d",
			   b->downdelay, b->name, miimon, b->downdelay / miimon * miimon);
}

const struct check_rule monitor_rules[] = {
	{
		RULE("bond-monitor-none", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_none),
		.title = "the bond watches its legs",
		.text = "miimon or arp_interval is set. (nmcli sets miimon=100 where neither is.)",
		.reason = "A bond without a monitor keeps a dead leg active for ever.",
		.remedy = "Set miimon=100, or arp_interval with two targets.",
		.source = "bonding.rst, miimon: \"a value of zero disables MII link monitoring\"",
	},
	{
		RULE("bond-monitor-both", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_both),
		.title = "one monitor at a time",
		.text = "miimon and arp_interval are not set together.",
		.reason = "The kernel refuses the two together over netlink, and in sysfs setting "
			  "one switches the other off, so what holds is an accident of order.",
		.remedy = "Keep miimon for carrier loss, or arp_interval for the path.",
		.source = "bonding.rst, arp_interval; drivers/net/bonding/bond_netlink.c and "
			  "bond_options.c",
	},
	{
		RULE("bond-monitor-slow", SEVERITY_ERROR, LEVEL_BOND, bond_monitor_slow),
		.title = "a failure is noticed within the outage allowed",
		.text = "miimon plus downdelay, or three times arp_interval, is at most the "
			"property max_outage_ms.",
		.reason = "The driver fails over at its next tick, not at the event: miimon=1000 "
			  "means up to a second.",
		.remedy = "Lower miimon (10 is cheap) or arp_interval.",
		.source = "bonding.rst, miimon and arp_interval; TechNote 223247, step 3.1",
	},
	{
		RULE("bond-monitor-blind", SEVERITY_NOTE, LEVEL_BOND, bond_monitor_blind),
		.title = "what miimon cannot see",
		.text = "A bond that is watched by miimon alone detects loss of carrier only.",
		.reason = "The text around such designs tends to promise ARP monitoring; what is "
			  "configured does not do it. A path that dies with the carrier up is an "
			  "outage until somebody notices.",
		.remedy = "Run bondd in the guest, or use arp_interval with two targets and "
			  "arp_validate=all.",
		.source = "TechNote 223247, failover scenario, step 1; bonding.rst, miimon",
	},
	{
		RULE("bond-uplink-status", SEVERITY_ERROR, LEVEL_BOND, bond_uplink_status),
		.title = "a VF's link follows that of its NIC",
		.text = "Direct ports under miimon have propagate_uplink_status, which dnsvnf "
			"sets.",
		.reason = "Without it Neutron's agent sets the VF's link state to \"enable\", "
			  "always up, and miimon never sees a cable that is pulled.",
		.remedy = "Remove propagate_uplink_status=false.",
		.source = "Neutron API, uplink-status-propagation; ml2/drivers/mech_sriov/agent",
	},
	{
		RULE("bond-arp-target", SEVERITY_ERROR, LEVEL_BOND, bond_arp_target),
		.title = "the ARP monitor has targets",
		.text = "arp_interval goes with arp_ip_target.",
		.reason = "A leg counts as up while answers come; nobody is asked.",
		.remedy = "Set arp_ip_target to the gateway and one more address of the subnet.",
		.source = "bonding.rst, arp_ip_target",
	},
	{
		RULE("bond-arp-one-target", SEVERITY_WARNING, LEVEL_BOND, bond_arp_one_target),
		.title = "the ARP monitor survives the loss of a target",
		.text = "arp_ip_target names at least two addresses.",
		.reason = "Measured: with one target that dies, every query is lost although the "
			  "service could be reached; with two, none.",
		.remedy = "Add a second target that does not fail with the first.",
		.source = "bonding.rst, arp_ip_target",
	},
	{
		RULE("bond-arp-offlink", SEVERITY_ERROR, LEVEL_BOND, bond_arp_offlink),
		.title = "ARP targets are on the link",
		.text = "Each arp_ip_target is in the subnet of an IPv4 address of the bond.",
		.reason = "ARP does not cross a router, and a bond of IPv6 addresses only has no "
			  "ARP.",
		.remedy = "Take addresses of the bond's subnet; with IPv6 only, use miimon.",
		.source = "bonding.rst, arp_ip_target; RFC 826",
	},
	{
		RULE("bond-arp-validate", SEVERITY_NOTE, LEVEL_BOND, bond_arp_validate),
		.title = "the ARP monitor counts answers, not noise",
		.text = "arp_interval goes with arp_validate=all (or active).",
		.reason = "Otherwise any frame counts: measured, a leg that cannot send any more "
			  "is never left.",
		.remedy = "Set arp_validate=all.",
		.source = "bonding.rst, arp_validate",
	},
	{
		RULE("bond-delay", SEVERITY_WARNING, LEVEL_BOND, bond_delay),
		.title = "downdelay is a multiple of miimon",
		.text = "downdelay is used with miimon, and is a multiple of it.",
		.reason = "The driver counts ticks of miimon and rounds down; the ARP monitor "
			  "ignores it.",
		.remedy = "Leave downdelay out: it only makes an outage longer.",
		.source = "bonding.rst, downdelay",
	},
	{0},
};
