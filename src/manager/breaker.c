// SPDX-License-Identifier: Apache-2.0
#include "manager/breaker.h"

unsigned breaker_threshold(const struct domain *d, const struct fleet_limits *limits)
{
	unsigned percent = limits->breaker_percent;

	if (d->kind == DOMAIN_DEPLOYMENT || d->kind == DOMAIN_SET)
		return 0;
	if (d->kind == DOMAIN_HOST)
		percent = limits->breaker_host_percent;
	unsigned share = (unsigned)(((uint64_t)d->n_watched * percent + 99) / 100);
	unsigned threshold = share > limits->breaker_least ? share : limits->breaker_least;
	/* All of two or more. */
	return d->n_watched >= 2 && d->n_watched < threshold ? d->n_watched : threshold;
}

void breaker_update(struct domain *d, const struct fleet_limits *limits, int64_t now)
{
	unsigned threshold = breaker_threshold(d, limits);

	if (threshold == 0)
		return;
	bool few = 2 * d->n_quiet <= threshold;
	if (!d->tripped) {
		d->released = d->released && !few;
		if (d->n_quiet < threshold || d->released)
			return;
		d->tripped = true;
		d->tripped_at = now;
		d->below_since = MANAGER_NEVER;
		return;
	}
	if (!few)
		d->below_since = MANAGER_NEVER;
	else if (d->below_since == MANAGER_NEVER)
		d->below_since = now;
	else if (now - d->below_since >= limits->mended)
		d->tripped = false;
}
