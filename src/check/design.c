// SPDX-License-Identifier: Apache-2.0
/* Runs each design rule on every object of its level. */

#include "base/alloc.h"
#include "base/str.h"
#include "check/check.h"
#include "check/rule.h"

static const struct check_rule *const tables[] = {
	segment_rules, bond_rules, monitor_rules, address_rules,   route_rules,     numa_rules,
	flavor_rules,  port_rules, name_rules,    lifecycle_rules, placement_rules, option_rules,
};

static void run_rules(struct rule_ctx *ctx, enum level level)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct check_rule *r = tables[t]; r->id; r++)
			if (r->level == level) {
				ctx->rule = r;
				r->check(ctx);
			}
}

static void check_group(struct rule_ctx *ctx, const struct vm_group *group)
{
	struct guest_match match;
	size_t from = ctx->findings->n;

	guest_match(group, &match);
	ctx->group = group;
	ctx->flavor = model_flavor(ctx->model, group->flavor);
	ctx->match = &match;
	run_rules(ctx, LEVEL_GROUP);
	for (size_t i = 0; i < group->n_interfaces; i++) {
		ctx->port = &group->interfaces[i];
		run_rules(ctx, LEVEL_PORT);
	}
	ctx->port = NULL;
	for (size_t i = 0; i < group->guest.n_bonds; i++) {
		ctx->bond = &group->guest.bonds[i];
		run_rules(ctx, LEVEL_BOND);
	}
	ctx->bond = NULL;
	ctx->group = NULL;
	ctx->flavor = NULL;
	ctx->match = NULL;
	guest_match_clear(&match);
	check_waive(ctx->model, ctx->deployment, group, ctx->findings, from);
}

static void check_deployment(struct rule_ctx *ctx, const struct deployment *deployment)
{
	size_t from = ctx->findings->n;

	ctx->deployment = deployment;
	run_rules(ctx, LEVEL_DEPLOYMENT);
	check_waive(ctx->model, deployment, NULL, ctx->findings, from);
	for (size_t i = 0; i < deployment->n_vm_groups; i++)
		check_group(ctx, &deployment->vm_groups[i]);
	ctx->deployment = NULL;
}

void check_design(const struct model *model, struct findings *findings)
{
	struct rule_ctx ctx = {.model = model, .findings = findings};

	for (size_t i = 0; i < model->n_tenants; i++) {
		size_t from = findings->n;
		ctx.tenant = &model->tenants[i];
		run_rules(&ctx, LEVEL_TENANT);
		check_waive(model, NULL, NULL, findings, from);
		for (size_t j = 0; j < ctx.tenant->n_deployments; j++)
			check_deployment(&ctx, &ctx.tenant->deployments[j]);
	}
}

/* The waiver's reason, or NULL. A waiver without a reason has no effect. */
static const char *reason_of(const struct deployment *deployment, const struct vm_group *group,
			     const char *waiver)
{
	const char *reason = model_option(deployment, group, waiver);

	return reason && *reason ? reason : NULL;
}

static const char *any_reason(const struct model *model, const char *waiver)
{
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			const struct deployment *dep = &model->tenants[t].deployments[d];
			const char *reason = reason_of(dep, NULL, waiver);
			for (size_t g = 0; g < dep->n_vm_groups && !reason; g++)
				reason = reason_of(dep, &dep->vm_groups[g], waiver);
			if (reason)
				return reason;
		}
	return NULL;
}

void check_waive(const struct model *model, const struct deployment *deployment,
		 const struct vm_group *group, struct findings *findings, size_t from)
{
	for (size_t i = from; i < findings->n; i++) {
		struct finding *f = &findings->v[i];
		cleanup_free char *waiver = xasprintf("waive.%s", f->rule);
		const char *reason = deployment ? reason_of(deployment, group, waiver)
						: any_reason(model, waiver);
		/* An invalid waiver cannot waive the finding about itself. */
		if (!reason || f->waived || streq(f->rule, "waiver"))
			continue;
		cleanup_free char *text = f->text;
		f->severity = SEVERITY_NOTE;
		f->waived = xstrdup(reason);
		f->text = xasprintf("%s; waived: %s", text, reason);
	}
}
