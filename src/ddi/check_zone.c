// SPDX-License-Identifier: Apache-2.0
/* Rules of zones. */
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/rule.h"

static int compare_zones(const void *a, const void *b)
{
	const struct ddi_zone *x = *(const struct ddi_zone *const *)a;
	const struct ddi_zone *y = *(const struct ddi_zone *const *)b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x > y) - (x < y);
}

static void zone_twice(struct ddi_ctx *ctx)
{
	const struct ddi_zone **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ctx->plan->n_zones; i++)
		*array_push(v, n) = &ctx->plan->zones[i];
	if (n)
		qsort(v, n, sizeof(*v), compare_zones);
	for (size_t i = 1; i < n; i++)
		if (streq(v[i - 1]->name, v[i]->name)) {
			finding(ctx, v[i]->line, "the zone %s is in the plan twice", v[i]->name);
			related(ctx, v[i - 1]->line);
		}
	free(v);
}

static void serial_dynamic(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_zones; i++) {
		const struct ddi_zone *z = &ctx->plan->zones[i];

		if (z->dynamic && z->serial == DDI_SERIAL_DATE)
			finding(ctx, z->serial_line,
				"%s is updated by DHCP, and a serial by date allows 100 changes a "
				"day: use unixtime",
				z->name);
	}
}

static void domain_dynamic(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];
		const struct ddi_auth_zone *z =
			n->domain ? ddi_zone_of_name(&ctx->derived, n->domain) : NULL;

		if (!n->domain || !n->pools.n || (z && z->dynamic))
			continue;
		finding(ctx, n->domain_line, "names of leases go to %s, which is in %s: %s",
			n->domain, z ? z->name : "no zone of the plan",
			z ? "set dynamic: true there" : "add the zone, with dynamic: true");
		if (z && z->of)
			related(ctx, z->of->line);
	}
}

const struct ddi_rule ddi_zone_rules[] = {
	{"ddi-zone-twice", SEVERITY_ERROR, zone_twice},
	{"ddi-serial-dynamic", SEVERITY_WARNING, serial_dynamic},
	{"ddi-domain-dynamic", SEVERITY_ERROR, domain_dynamic},
	{0},
};
