// SPDX-License-Identifier: Apache-2.0
#include "placement/explain.h"

#include "base/alloc.h"
#include "placement/explain_internal.h"

#define NEAREST_MAX 3 /* hosts for which more resources are tried */

/* Distance of a reason from a fit: 100, plus up to 100 for the share that is missing. */
static unsigned shortage(const struct fit_reason *r)
{
	if (r->asked <= 0)
		return 200;
	int64_t missing = r->asked - (r->free > 0 ? r->free : 0);
	if (missing <= 0)
		return 100;
	return 100 + (unsigned)(missing > r->asked ? 100 : missing * 100 / r->asked);
}

static bool same_want(const struct fit_reason *a, const struct fit_reason *b)
{
	if (a->cell >= 0 && b->cell >= 0)
		return a->cell == b->cell;
	return a == b;
}

/* Reasons about one guest cell on several nodes count once, by the nearest node. */
static unsigned distance(const struct fit_result *result)
{
	unsigned sum = 0;

	for (size_t i = 0; i < result->n_reasons; i++) {
		unsigned least = shortage(&result->reasons[i]);
		bool counted = false;

		for (size_t j = 0; j < result->n_reasons; j++) {
			if (!same_want(&result->reasons[i], &result->reasons[j]))
				continue;
			counted |= j < i;
			if (shortage(&result->reasons[j]) < least)
				least = shortage(&result->reasons[j]);
		}
		sum += counted ? 0 : least;
	}
	return sum;
}

static int by_cost(const void *a, const void *b)
{
	const struct counterfactual *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return (x->host > y->host) - (x->host < y->host);
}

/* The nearest hosts without a veto, ascending by distance; ret has room for NEAREST_MAX. */
static size_t nearest(const struct explanation *e, const bool *vetoed, size_t *ret)
{
	unsigned far[NEAREST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < e->n_results; i++) {
		unsigned d = distance(&e->results[i]);
		size_t at = n;

		while (at > 0 && far[at - 1] > d)
			at--;
		if (at == NEAREST_MAX || (vetoed && vetoed[i]))
			continue;
		n += n < NEAREST_MAX;
		for (size_t j = n - 1; j > at; j--) {
			far[j] = far[j - 1];
			ret[j] = ret[j - 1];
		}
		far[at] = d;
		ret[at] = i;
	}
	return n;
}

static uint64_t kinds_of(const struct fit_result *result)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < result->n_reasons; i++)
		kinds |= KIND(result->reasons[i].kind);
	return kinds;
}

static void add_counterfactuals(const struct explain_ctx *q, const bool *vetoed,
				struct explanation *e)
{
	size_t near[NEAREST_MAX];
	size_t n = nearest(e, vetoed, near);

	if (n == 0) { /* all are vetoed: still report the nearest */
		e->nearest = nearest(e, NULL, near) ? near[0] : 0;
		return;
	}
	e->nearest = near[0];
	explain_changes(q);
	for (size_t i = 0; i < n; i++)
		explain_repairs(q, near[i]);
	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), by_cost);
}

void explain(const struct compute_host *hosts, size_t n_hosts, const bool *vetoed,
	     const struct fit_request *request, const struct flavor *flavor,
	     const struct image *image, struct explanation *ret)
{
	cleanup_free uint64_t *kinds = xcalloc(n_hosts, sizeof(*kinds));
	struct explanation e = {.n_results = n_hosts, .nearest = n_hosts};
	struct explain_ctx q = {hosts, n_hosts, request, flavor, image, kinds, &e};

	e.results = xcalloc(n_hosts, sizeof(*e.results));
	for (size_t i = n_hosts; i-- > 0;) {
		bool fits = fits_as_known(fit_host(&hosts[i], request, &e.results[i]));
		if (vetoed && vetoed[i]) /* nothing removes its reasons */
			continue;
		if (fits) {
			e.n_fit++;
			e.nearest = i;
		}
		kinds[i] = kinds_of(&e.results[i]);
	}
	if (e.n_fit == 0)
		add_counterfactuals(&q, vetoed, &e);
	*ret = e;
}

static void counterfactual_clear(struct counterfactual *c)
{
	for (size_t i = 0; i < c->n_changes; i++)
		free(c->changes[i].value);
	free_all(c->changes, c->text);
	fit_request_clear(&c->request);
	compute_host_clear(&c->changed);
}

void explanation_clear(struct explanation *explanation)
{
	array_free(explanation->results, explanation->n_results, fit_result_clear);
	array_free(explanation->v, explanation->n, counterfactual_clear);
	*explanation = (struct explanation){0};
}
