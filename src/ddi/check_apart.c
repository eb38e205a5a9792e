// SPDX-License-Identifier: Apache-2.0
/* Plans of several deployments against each other. */
#include "base/alloc.h"
#include "ddi/check.h"
#include "ddi/rule.h"

/* A network of one of the plans. */
struct place {
	struct ddi_plan *plan;
	const struct ddi_network *network;
};

static void compare(struct ddi_ctx *ctx, const struct extents *all, const struct place *places)
{
	const struct extent *widest = NULL; /* of those so far, the one with the highest end */

	for (size_t i = 0; i < all->n; i++) {
		const struct extent *e = &all->v[i];
		const struct place *p = &places[e->index];
		const struct place *q = widest ? &places[widest->index] : NULL;

		if (q && q->plan != p->plan &&
		    ip_compare(&e->range.first, &widest->range.last) <= 0) {
			plan_finding(ctx, p->plan->file, e->line, "%s overlaps %s of %s",
				     prefix_text(&p->network->prefix),
				     prefix_text(&q->network->prefix), q->plan->file);
			related_in(ctx, q->plan->file, widest->line);
		}
		if (!widest || ip_compare(&e->range.last, &widest->range.last) > 0)
			widest = e;
	}
}

void ddi_check_apart(struct ddi_plan *const *plans, size_t n, struct findings *findings)
{
	static const struct ddi_rule rule = {"ddi-prefix-deployment", SEVERITY_ERROR, NULL};
	struct ddi_ctx ctx = {.rule = &rule, .findings = findings};
	struct extents all = {0};
	struct place *places = NULL;
	size_t n_places = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < plans[i]->n_networks; k++) {
			const struct ddi_network *net = &plans[i]->networks[k];

			extents_add_prefix(&all, &net->prefix, n_places, net->line);
			*array_push(places, n_places) = (struct place){plans[i], net};
		}
	extents_sort(&all);
	compare(&ctx, &all, places);
	free_all(all.v, places);
}
