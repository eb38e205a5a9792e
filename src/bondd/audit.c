// SPDX-License-Identifier: Apache-2.0
#include "bondd/audit.h"

#include <stdarg.h>

#include "base/alloc.h"
#include "base/str.h"
#include "bondd/leg.h"
#include "bondd/tables.h"

static void add(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n == AUDIT_MAX)
		return;
	va_start(ap, fmt);
	a->findings[a->n++] = xvasprintf(fmt, ap);
	va_end(ap);
}

static void audit_options(const struct rtnl_link *bond, const struct tables *tables,
			  struct audit *a)
{
	const struct rtnl_bond *o = &bond->bond;
	const struct rtnl_link *primary = tables_link(tables, o->primary);

	if (o->mode != BOND_OPTION_ACTIVE_BACKUP) {
		add(a, "%s is not in mode active-backup: bondd does not manage it", bond->name);
		return;
	}
	if (o->fail_over_mac == BOND_FAIL_OVER_MAC_NONE)
		add(a,
		    "%s has fail_over_mac=none: a probe from the idle leg would move the shared "
		    "MAC to its switch port, so only the active leg is probed and bondd never "
		    "fails over; create the bond with fail_over_mac=active",
		    bond->name);
	if (primary && o->primary_reselect == BOND_RESELECT_ALWAYS)
		add(a,
		    "%s has primary %s with primary_reselect=always: the kernel returns to it even "
		    "while its path is dead; set primary_reselect=failure",
		    bond->name, primary->name);
	if (primary && o->primary_reselect == BOND_RESELECT_BETTER)
		add(a,
		    "%s has primary %s with primary_reselect=better: the kernel returns to it if "
		    "it is faster, even while its path is dead; set primary_reselect=failure",
		    bond->name, primary->name);
	if (o->arp_interval > 0)
		add(a,
		    "%s has arp_interval=%d: the kernel's ARP monitor sets all legs down if no "
		    "target replies; set miimon=100 instead",
		    bond->name, o->arp_interval);
	else if (o->miimon == 0)
		add(a,
		    "%s has miimon=0: a lost carrier goes undetected while bondd is off; set "
		    "miimon=100",
		    bond->name);
}

/* The physical function that a VF belongs to, where its PF is on this machine; else NULL. */
static char *physical_function(const char *sysfs, const char *leg)
{
	cleanup_free char *path = xasprintf("%s/class/net/%s/device/physfn", sysfs, leg);

	return realpath(path, NULL);
}

static void audit_pair(const struct rtnl_link *bond, const struct rtnl_link *a,
		       const struct rtnl_link *b, const char *sysfs, struct audit *audit)
{
	if (bond->bond.fail_over_mac == BOND_FAIL_OVER_MAC_ACTIVE && a->has_mac && b->has_mac &&
	    mac_equal(&a->mac, &b->mac))
		add(audit,
		    "%s and %s have the same MAC with fail_over_mac=active: the switch may send "
		    "one leg's frames to the other, so only the active leg is probed; give each "
		    "leg its own MAC",
		    a->name, b->name);

	cleanup_free char *pf_a = physical_function(sysfs, a->name);
	cleanup_free char *pf_b = physical_function(sysfs, b->name);
	if (pf_a && streq(pf_a, pf_b))
		add(audit,
		    "%s and %s are functions of one NIC port (%s), whose failure takes both down; "
		    "use two NIC ports",
		    a->name, b->name, strrchr(pf_a, '/') + 1);
}

static void audit_legs(const struct rtnl_link *bond, const struct tables *tables, const char *sysfs,
		       struct audit *a)
{
	size_t n = 0;

	for (size_t i = 0; i < tables->n_links; i++) {
		const struct rtnl_link *leg = &tables->links[i];
		if (leg->master != bond->index)
			continue;
		n++;
		for (size_t k = 0; k < i; k++)
			if (tables->links[k].master == bond->index)
				audit_pair(bond, &tables->links[k], leg, sysfs, a);
	}
	if (n < 2)
		add(a, "%s has %zu %s, so it cannot fail over", bond->name, n,
		    plural(n, "leg", "legs"));
	if (n > DECIDE_LEGS)
		add(a, "%s has %zu legs: only %d of them are probed and used", bond->name, n,
		    DECIDE_LEGS);
}

/* A VLAN without a target may be missing on the switch port of a leg that is proven good. */
static void audit_targets(const struct rtnl_link *bond, const struct tables *tables,
			  const struct targets *targets, struct audit *a)
{
	if (targets->n == 0) {
		add(a,
		    "%s has no default gateway, so there is no target to probe: set targets = "
		    "ADDRESS in " BONDD_CONF,
		    bond->name);
		return;
	}
	for (size_t i = 0; i < tables->n_links; i++) {
		const struct rtnl_link *vlan = &tables->links[i];
		bool has_target = !vlan->is_vlan || vlan->parent != bond->index;
		for (size_t k = 0; k < targets->n; k++)
			has_target |= targets->v[k].vlan == vlan->vlan;
		if (!has_target)
			add(a,
			    "%s has no target, so no leg is proven to carry VLAN %u; add one to "
			    "targets in " BONDD_CONF,
			    vlan->name, vlan->vlan);
	}
}

void audit_bond(const struct tables *tables, const struct rtnl_link *bond,
		const struct targets *targets, const char *sysfs, struct audit *ret_audit)
{
	struct audit a = {0};

	audit_options(bond, tables, &a);
	if (bond->bond.mode == BOND_OPTION_ACTIVE_BACKUP) {
		audit_legs(bond, tables, sysfs, &a);
		audit_targets(bond, tables, targets, &a);
	}
	*ret_audit = a;
}

void audit_clear(struct audit *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->findings[i]);
	*a = (struct audit){0};
}
