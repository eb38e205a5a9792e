// SPDX-License-Identifier: Apache-2.0
/* Which VMs share a host; definitions that nothing uses. */
#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

static const char *host_of(const struct vm_group *g, unsigned *ret_line)
{
	const struct placement *p = vm_group_placement(g, "zone_host", NULL);

	if (!p)
		return NULL;
	*ret_line = p->line;
	return p->host;
}

static bool on_two_hosts(const struct vm_group *a, const struct vm_group *b)
{
	unsigned line;
	const char *x = host_of(a, &line), *y = host_of(b, &line);

	return x && y && !streq(x, y);
}

static void anti_affinity(const struct rule_ctx *ctx)
{
	const struct deployment *d = ctx->deployment;

	for (size_t i = 0; i < d->n_vm_groups; i++) {
		const struct vm_group *b = &d->vm_groups[i];
		if (b->scaling.max_active > 1 && !vm_group_spread(d, b))
			finding(ctx, b->line,
				"vm_group \"%s\" may have %u VMs, and Nova may put all of them on "
				"one host: add a placement of type anti_affinity",
				b->name, b->scaling.max_active);
		for (size_t k = 0; k < i; k++) {
			const struct vm_group *a = &d->vm_groups[k];
			/* Same image: assume that they back each other up. */
			if (!streq(a->image, b->image) || on_two_hosts(a, b) ||
			    placement_line(d, a, b, "anti_affinity") ||
			    placement_line(d, a, b, "affinity"))
				continue;
			finding(ctx, b->line,
				"vm_groups \"%s\" and \"%s\" use the same image and may run on one "
				"host; losing that host loses both: add a placement_group of type "
				"anti_affinity",
				a->name, b->name);
			related(ctx, a->line);
			break; /* report one pair per group */
		}
	}
}

static void placement_conflict(const struct rule_ctx *ctx)
{
	const struct deployment *d = ctx->deployment;

	for (size_t i = 0; i < d->n_vm_groups; i++)
		for (size_t k = 0; k < i; k++) {
			const struct vm_group *a = &d->vm_groups[k], *b = &d->vm_groups[i];
			unsigned apart = placement_line(d, a, b, "anti_affinity");
			unsigned together = placement_line(d, a, b, "affinity");
			unsigned line = 0;
			const char *x = host_of(a, &line), *y = host_of(b, &line);
			if (apart && together) {
				finding(ctx, apart,
					"vm_groups \"%s\" and \"%s\" have both affinity and "
					"anti_affinity: remove one",
					a->name, b->name);
				related(ctx, together);
			} else if (apart && x && streq(x, y)) {
				finding(ctx, apart,
					"vm_groups \"%s\" and \"%s\" have anti_affinity, but "
					"zone_host puts both on \"%s\": remove one",
					a->name, b->name, x);
				related(ctx, line);
			} else if (together && on_two_hosts(a, b)) {
				finding(ctx, together,
					"vm_groups \"%s\" and \"%s\" have affinity, but zone_host "
					"puts them on \"%s\" and \"%s\": remove one",
					a->name, b->name, x, y);
				related(ctx, line);
			}
		}
}

/* Whether any group uses the flavor, or the image; either may be NULL. */
static bool is_used(const struct model *m, const char *flavor, const char *image)
{
	for (size_t t = 0; t < m->n_tenants; t++)
		for (size_t d = 0; d < m->tenants[t].n_deployments; d++) {
			const struct deployment *dep = &m->tenants[t].deployments[d];
			if (array_find(dep->vm_groups, dep->n_vm_groups,
				       (flavor && streq(it->flavor, flavor)) ||
					       (image && streq(it->image, image))))
				return true;
		}
	return false;
}

static void say_mismatch(const struct rule_ctx *ctx, const char *kind, const char *wanted,
			 const char *defined, unsigned line)
{
	finding(ctx, ctx->group->line,
		"vm_group \"%s\" uses %s \"%s\", which is not defined here, while %s \"%s\" is "
		"defined but unused: use the same name",
		ctx->group->name, kind, wanted, kind, defined);
	related(ctx, line);
}

static void name_mismatch(const struct rule_ctx *ctx)
{
	const struct model *m = ctx->model;
	const struct vm_group *g = ctx->group;

	for (size_t i = 0; g->flavor && !ctx->flavor && i < m->n_flavors; i++)
		if (!is_used(m, m->flavors[i].name, NULL))
			say_mismatch(ctx, "flavor", g->flavor, m->flavors[i].name,
				     m->flavors[i].line);
	for (size_t i = 0; g->image && !model_image(m, g->image) && i < m->n_images; i++)
		if (!is_used(m, NULL, m->images[i].name))
			say_mismatch(ctx, "image", g->image, m->images[i].name, m->images[i].line);
}

const struct check_rule placement_rules[] = {
	{"anti-affinity", SEVERITY_WARNING, LEVEL_DEPLOYMENT, anti_affinity},
	{"placement-conflict", SEVERITY_ERROR, LEVEL_DEPLOYMENT, placement_conflict},
	{"name-mismatch", SEVERITY_WARNING, LEVEL_GROUP, name_mismatch},
	{0},
};
