// SPDX-License-Identifier: Apache-2.0
/* Lifecycle of the VM: project, monitoring, recovery, scaling. */

#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

static void managed_project(const struct rule_ctx *ctx)
{
	const struct tenant *t = ctx->tenant;

	if (t->managed_resource)
		finding(ctx, t->line,
			"tenant \"%s\" is a managed_resource, so ESC creates the project and "
			"deletes it with everything in it: set managed_resource to false and use "
			"an existing project",
			t->name);
}

static const struct kpi *alive_kpi(const struct vm_group *g)
{
	return array_find(g->kpis, g->n_kpis, streq(it->event_name, "VM_ALIVE"));
}

/* Whether a rule for the event (any event if NULL) has an action that contains the word. */
static bool acts(const struct vm_group *g, const char *event, const char *word)
{
	for (size_t i = 0; i < g->n_rules; i++)
		for (size_t k = 0; k < g->rules[i].actions.n; k++)
			if ((!event || streq(g->rules[i].event_name, event)) &&
			    strstr(g->rules[i].actions.v[k], word))
				return true;
	return false;
}

static void vm_alive_never(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;
	const struct kpi *kpi = alive_kpi(g);

	if (g->bootup_time <= 0)
		return;
	if (!kpi)
		finding(ctx, g->line,
			"vm_group \"%s\" has bootup_time %d but no kpi VM_ALIVE: nothing reports "
			"it alive, and the deployment fails after %d s; add kpi_data and a rule, "
			"or set bootup_time to -1",
			g->name, g->bootup_time, g->bootup_time);
	else if (!acts(g, "VM_ALIVE", "esc_vm_alive_notification") &&
		 !acts(g, "VM_ALIVE", "servicebooted"))
		finding(ctx, kpi->line,
			"kpi VM_ALIVE of vm_group \"%s\" has no rule with the action \"TRUE "
			"esc_vm_alive_notification\": VM_ALIVE is never raised; add one",
			g->name);
}

/* Time until a kpi has been true often enough, in seconds. */
static int64_t kpi_seconds(const struct kpi *kpi)
{
	int64_t unit = kpi->polling_unit && str_starts(kpi->polling_unit, "minute") ? 60 : 1;

	return unit * kpi->poll_frequency * kpi->metric_occurrences_true;
}

static void vm_alive_late(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;
	const struct kpi *kpi = alive_kpi(g);

	if (g->bootup_time <= 0 || !kpi || kpi_seconds(kpi) <= g->bootup_time)
		return;
	finding(ctx, kpi->line,
		"kpi VM_ALIVE needs %u results, one every %u %s: this takes %lld s, longer than "
		"bootup_time %d",
		kpi->metric_occurrences_true, kpi->poll_frequency,
		kpi->polling_unit ? kpi->polling_unit : "seconds", (long long)kpi_seconds(kpi),
		g->bootup_time);
	related(ctx, g->line);
}

static void bootup_unset(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;
	const struct kpi *kpi = alive_kpi(g);

	if (g->bootup_time > 0 || !kpi)
		return;
	finding(ctx, g->line,
		"vm_group \"%s\" has a kpi VM_ALIVE but no bootup_time: the VM is not monitored "
		"and the kpi has no effect; set bootup_time to the time that booting may take, in "
		"seconds",
		g->name);
	related(ctx, kpi->line);
}

static void kpi_on_leg(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->group->n_kpis; i++) {
		const struct kpi *kpi = &ctx->group->kpis[i];
		const struct interface *port =
			kpi->collector_nicid >= 0
				? vm_group_interface(ctx->group, (unsigned)kpi->collector_nicid)
				: NULL;
		const struct bond *bond = port ? guest_match_bond(ctx->match, port) : NULL;
		if (!bond)
			continue;
		finding(ctx, kpi->line,
			"kpi \"%s\" is measured on nicid %u, a leg of bond \"%s\": a failover "
			"looks like a lost VM and may reboot it; measure on a management interface",
			kpi->event_name, port->nicid, bond->name);
		related(ctx, port->line);
	}
}

static void recovery_never(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;

	if (g->recovery_manual || g->n_kpis == 0 || g->n_rules == 0 || acts(g, NULL, "recover"))
		return;
	finding(ctx, g->line,
		"vm_group \"%s\" has automatic recovery, but no rule has the action \"FALSE "
		"recover autohealing\": recovery never starts; add one",
		g->name);
	related(ctx, g->rules[0].line);
}

static void recovery_reboot(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;

	if (!g->recovery_manual && g->action_on_recovery == RECOVERY_REBOOT_ONLY)
		finding(ctx, g->line,
			"vm_group \"%s\" has action_on_recovery REBOOT_ONLY, which cannot recover "
			"from the loss of the host: use REBOOT_THEN_REDEPLOY, ESC's default",
			g->name);
}

static const struct address_pool *pool_of(const struct vm_group *g, const char *network)
{
	return array_find(g->scaling.pools, g->scaling.n_pools, streq(it->network, network));
}

static void scaling_fixed(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;
	const struct interface *p = ctx->port;
	struct fixed_address fixed;
	bool address = port_address(p, 0, &fixed) && !pool_of(g, p->network);

	if (g->scaling.max_active < 2 || (!address && !p->mac_address))
		return;
	finding(ctx, p->line,
		"nicid %u has the fixed %s %s, but vm_group \"%s\" may have %u VMs, and the second "
		"one cannot use it too: use a static_ip_address_pool, or one vm_group per VM",
		p->nicid, address ? "address" : "MAC", address ? fixed.text : p->mac_address,
		g->name, g->scaling.max_active);
	related(ctx, g->scaling.line);
}

/* Number of addresses from start to end; 0 if the range is invalid. */
static uint64_t range_size(const struct address_pool *pool)
{
	struct ip_range range;

	return ip_range_parse(pool->range_start, pool->range_end, &range) ? ip_range_size(&range)
									  : 0;
}

static void scaling_pool(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;

	for (size_t i = 0; i < g->scaling.n_pools; i++) {
		const struct address_pool *pool = &g->scaling.pools[i];
		uint64_t size = range_size(pool);
		if (size >= g->scaling.max_active)
			continue;
		finding(ctx, pool->line,
			"the address pool of network \"%s\" has %llu %s, but vm_group \"%s\" may "
			"have %u VMs: widen the pool or lower max_active",
			pool->network, (unsigned long long)size,
			plural(size, "address", "addresses"), g->name, g->scaling.max_active);
		related(ctx, g->scaling.line);
	}
}

const struct check_rule lifecycle_rules[] = {
	{"managed-project", SEVERITY_WARNING, LEVEL_TENANT, managed_project},
	{"vm-alive-never", SEVERITY_ERROR, LEVEL_GROUP, vm_alive_never},
	{"vm-alive-late", SEVERITY_ERROR, LEVEL_GROUP, vm_alive_late},
	{"bootup-unset", SEVERITY_WARNING, LEVEL_GROUP, bootup_unset},
	{"kpi-on-leg", SEVERITY_WARNING, LEVEL_GROUP, kpi_on_leg},
	{"recovery-never", SEVERITY_WARNING, LEVEL_GROUP, recovery_never},
	{"recovery-reboot", SEVERITY_NOTE, LEVEL_GROUP, recovery_reboot},
	{"scaling-fixed", SEVERITY_ERROR, LEVEL_PORT, scaling_fixed},
	{"scaling-pool", SEVERITY_ERROR, LEVEL_GROUP, scaling_pool},
	{0},
};
