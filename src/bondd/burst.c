// SPDX-License-Identifier: Apache-2.0
#include "bondd/burst.h"

void burst_init(struct burst *b)
{
	*b = (struct burst){.at = INT64_MAX};
}

static int64_t find_pace(const struct leg *legs, size_t n_legs, const struct targets *targets,
			 const struct track_limits *limits, int64_t now)
{
	int64_t slowest = 0, least = limits->interval / 5;

	for (size_t i = 0; i < n_legs; i++)
		for (size_t k = 0; k < targets->n; k++) {
			const struct track *t = &legs[i].tracks[k];
			if (t->answered && !track_is_silent(t, limits, now) && t->slowest > slowest)
				slowest = t->slowest;
		}
	return slowest * 3 / 2 > least ? slowest * 3 / 2 : least;
}

void burst_ticked(struct burst *b, const struct leg *legs, size_t n_legs,
		  const struct targets *targets, const struct track_limits *limits, int64_t now)
{
	if (!b->running)
		b->pace = find_pace(legs, n_legs, targets, limits, now);
	b->at = now + b->pace;
}

int64_t burst_look_at(const struct burst *b, const struct leg *active,
		      const struct targets *targets, const struct track_limits *limits, int64_t now)
{
	if (b->running)
		return b->at;
	for (size_t i = 0; active && i < targets->n; i++) {
		const struct track *t = &active->tracks[i];
		if (t->answered && !track_is_settled(t) && !track_is_silent(t, limits, now))
			return b->at;
	}
	return INT64_MAX;
}

/* Whether the bond would move if the active leg's open probes were lost. */
static bool is_suspect(const struct leg *legs, const struct targets *targets,
		       const struct decide_snapshot *s, const struct decide_limits *limits)
{
	struct decide_leg seen[DECIDE_LEGS];
	struct decide_snapshot suspected = *s;

	suspected.legs = seen;
	for (size_t i = 0; i < s->n_legs; i++) {
		struct decide_leg *d = &seen[i];
		uint32_t open = 0;
		*d = s->legs[i];
		for (size_t k = 0; k < targets->n; k++)
			open |= track_is_settled(&legs[i].tracks[k]) ? 0 : UINT32_C(1) << k;
		d->fresh &= ~open;
		if (d->index == s->active) {
			d->silent |= d->heard & open;
			d->heard &= ~open;
		} else {
			d->doubted = 0; /* nothing to compare with */
		}
	}
	struct decision d = decide(&suspected, limits);
	return d.to && d.reason == DECIDE_SILENT;
}

static bool may_start(const struct burst *b, int64_t now)
{
	return b->total < BURSTS || now - b->started[b->total % BURSTS] >= BURSTS_US;
}

void burst_end_if_late(struct burst *b, struct leg *legs, size_t n_legs,
		       const struct track_limits *limits, int64_t now)
{
	if (b->at != INT64_MAX && now - b->at > limits->interval / 10)
		burst_end(b, legs, n_legs);
}

void burst_before_tick(struct burst *b, struct leg *legs, const struct targets *targets,
		       const struct decide_snapshot *s, const struct decide_limits *limits)
{
	if (b->running && !is_suspect(legs, targets, s, limits))
		burst_end(b, legs, s->n_legs);
}

bool burst_look(struct burst *b, struct leg *legs, const struct targets *targets,
		const struct decide_snapshot *s, const struct decide_limits *limits, unsigned fall)
{
	if (s->now < b->at)
		return false;

	b->at = INT64_MAX;
	if (b->rounds + 1 >= fall || (!b->running && !may_start(b, s->now)) ||
	    !is_suspect(legs, targets, s, limits)) {
		burst_end(b, legs, s->n_legs);
		return false;
	}
	if (!b->running)
		b->started[b->total++ % BURSTS] = s->now;
	b->running = true;
	b->rounds++;
	b->at = s->now + b->pace;
	return true;
}

void burst_end(struct burst *b, struct leg *legs, size_t n_legs)
{
	b->running = false;
	b->rounds = 0;
	b->at = INT64_MAX;
	for (size_t i = 0; i < n_legs; i++)
		for (size_t k = 0; k < DECIDE_TARGETS; k++)
			track_end_burst(&legs[i].tracks[k]);
}
