// SPDX-License-Identifier: Apache-2.0
#include "ddi/rule.h"

#include <stdarg.h>

#include "base/alloc.h"
#include "base/str.h"

enum {
	TEXT_MAX = 1000,
	RING = 8,
	RING_SIZE = 320,
};

void plan_finding(struct ddi_ctx *ctx, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (++ctx->n_found > DDI_RULE_FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(ctx->findings, ctx->rule->severity, ctx->rule->id, file, line, NULL, "%.*s",
		     TEXT_MAX, text);
	if (ctx->n_found == DDI_RULE_FINDINGS_MAX)
		findings_add(ctx->findings, ctx->rule->severity, ctx->rule->id, file, line, NULL,
			     "this is finding %d of the rule: further ones are not shown",
			     DDI_RULE_FINDINGS_MAX);
}

void related(struct ddi_ctx *ctx, unsigned line)
{
	related_in(ctx, ctx->plan->file, line);
}

void related_in(struct ddi_ctx *ctx, const char *file, unsigned line)
{
	if (ctx->n_found < DDI_RULE_FINDINGS_MAX)
		findings_also(ctx->findings, file, line);
}

void each_overlap(struct ddi_ctx *ctx, const struct extents *extents, overlap_fn *fn)
{
	const struct extent *widest = NULL; /* of those so far, the one with the highest end */

	for (size_t i = 0; i < extents->n; i++) {
		const struct extent *e = &extents->v[i];

		if (widest && ip_compare(&e->range.first, &widest->range.last) <= 0)
			fn(ctx, widest, e);
		if (!widest || ip_compare(&e->range.last, &widest->range.last) > 0)
			widest = e;
	}
}

bool name_is_below(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return d == 0 ||
	       (n >= d && streq(name + n - d, domain) && (n == d || name[n - d - 1] == '.'));
}

/* ---- texts ---- */

static char *ring_next(void)
{
	static char ring[RING][RING_SIZE];
	static size_t i;

	return ring[i++ % RING];
}

const char *address_text(const struct ip_addr *ip)
{
	return ip_format(ip, ring_next());
}

const char *prefix_text(const struct ip_prefix *prefix)
{
	char *s = ring_next(), address[IP_TEXT_SIZE];

	snprintf(s, RING_SIZE, "%s/%u", ip_format(&prefix->addr, address), prefix->len);
	return s;
}

const char *range_text(const struct ip_range *range)
{
	char *s = ring_next(), first[IP_TEXT_SIZE], last[IP_TEXT_SIZE];

	snprintf(s, RING_SIZE, "%s-%s", ip_format(&range->first, first),
		 ip_format(&range->last, last));
	return s;
}

const char *owner_text(const struct ddi_ctx *ctx, const struct owner *owner)
{
	const struct ddi_plan *plan = ctx->plan;
	char *s = ring_next();
	const char *name = NULL;

	switch (owner->kind) {
	case OWNER_MEMBER:
		snprintf(s, RING_SIZE, "the member %.255s", plan->members[owner->index].name);
		break;
	case OWNER_GATEWAY:
		snprintf(s, RING_SIZE, "the gateway of %s",
			 prefix_text(&plan->networks[owner->index].prefix));
		break;
	case OWNER_RELAY:
		snprintf(s, RING_SIZE, "a relay");
		break;
	case OWNER_HOST:
		snprintf(s, RING_SIZE, "the host %.255s", plan->hosts[owner->index].name);
		break;
	case OWNER_RESERVATION:
		name = plan->reservations[owner->index].name;
		snprintf(s, RING_SIZE, "a reservation%s%.255s", name ? " for " : "",
			 name ? name : "");
		break;
	}
	return s;
}
