// SPDX-License-Identifier: Apache-2.0
#include "manager/observation.h"

enum {
	STALE_PERIODS = 3,
	STALE_MS = 5000,
	ROW_ENDS = 2, /* misses that end a row of answers */
	CONTROL_BROKEN_MS = 600000,
};

void answers_init(struct answers *a, int64_t period)
{
	*a = (struct answers){
		.period = period,
		.asked = MANAGER_NEVER,
		.answered = MANAGER_NEVER,
		.first_miss = MANAGER_NEVER,
		.up_since = MANAGER_NEVER,
		.lost = MANAGER_NEVER,
	};
}

static void not_after(int64_t *time, int64_t now)
{
	if (*time > now)
		*time = now;
}

void answers_note(struct answers *a, int64_t sent, bool answered)
{
	/* If the clock was set back. */
	not_after(&a->answered, sent);
	not_after(&a->first_miss, sent);
	not_after(&a->up_since, sent);
	not_after(&a->lost, sent);
	a->asked = sent;
	if (answered) {
		a->answered = sent;
		a->hits++;
		a->misses = 0;
		a->first_miss = MANAGER_NEVER;
		if (a->up_since == MANAGER_NEVER)
			a->up_since = sent;
		return;
	}
	if (a->misses == 0)
		a->first_miss = sent;
	a->hits = 0;
	a->misses++;
	if (a->misses >= ROW_ENDS && a->up_since != MANAGER_NEVER) {
		a->lost = a->first_miss;
		a->up_since = MANAGER_NEVER;
	}
}

static bool fresh(const struct answers *a, int64_t now)
{
	return a->asked != MANAGER_NEVER && a->asked <= now &&
	       now - a->asked <= STALE_PERIODS * a->period + STALE_MS;
}

enum tristate answers_state(const struct answers *a, unsigned misses_needed, int64_t now)
{
	if (!fresh(a, now))
		return TRI_UNKNOWN;
	if (a->hits > 0)
		return TRI_YES;
	return a->misses >= misses_needed ? TRI_NO : TRI_UNKNOWN;
}

void observation_init(struct observation *o, int64_t echo_period)
{
	*o = (struct observation){.vim = {.at = MANAGER_NEVER,
					  .absent_since = MANAGER_NEVER,
					  .absent_at = MANAGER_NEVER,
					  .ever_on_host = TRI_UNKNOWN,
					  .task = TRI_UNKNOWN,
					  .locked = TRI_UNKNOWN,
					  .stopped_by_user = TRI_UNKNOWN}};
	answers_init(&o->echo, echo_period);
	answers_init(&o->dns, 0);
	answers_init(&o->status, 0);
}

static bool counts(const struct answers *control, bool network_answers, int64_t now)
{
	if (control->answered == MANAGER_NEVER)
		return false;
	return !network_answers || now - control->answered <= CONTROL_BROKEN_MS;
}

static bool is_up(const struct answers *control, int64_t now)
{
	return control->up_since != MANAGER_NEVER && fresh(control, now);
}

int64_t controls_proven_since(const struct answers *controls, size_t n, bool network_answers,
			      int64_t now)
{
	size_t counted = 0;
	int64_t since = MANAGER_NEVER;

	for (size_t i = 0; i < n; i++)
		counted += counts(&controls[i], network_answers, now);
	/* The earliest moment from which more than half of them have answered. */
	for (size_t i = 0; i < n; i++) {
		if (!is_up(&controls[i], now))
			continue;
		int64_t moment = controls[i].up_since;
		size_t up = 0;
		for (size_t j = 0; j < n; j++)
			up += is_up(&controls[j], now) && controls[j].up_since <= moment &&
			      counts(&controls[j], network_answers, now);
		if (2 * up > counted && (since == MANAGER_NEVER || moment < since))
			since = moment;
	}
	return since;
}
