// SPDX-License-Identifier: Apache-2.0
#include "bondd/burst.h"

#include "base/alloc.h"

/* ticks */
enum {
	LAG_FADES = 512, /* seconds: a short memory forgets what a busy machine does at times */
	LAG_USUAL = 8,   /* the mean is over about as many */
};

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_compared(const struct track *t, const struct track_limits *limits, int64_t now)
{
	return t->answered && !track_is_doubted(t) && !track_is_silent(t, limits, now);
}

/* Whether its last probe was answered, and it is known after how long. */
static bool is_timed(const struct track *t, const struct track_limits *limits, int64_t now)
{
	return is_compared(t, limits, now) && track_is_settled(t) && t->took >= 0 &&
	       t->settled_at >= t->last_sent;
}

/* How much later than another leg's first answer t's came. */
static int64_t find_lag(const struct track *t, const struct leg *legs, size_t n_legs, size_t target,
			const struct track_limits *limits, int64_t now)
{
	int64_t lag = 0;

	for (size_t i = 0; i < n_legs; i++) {
		const struct track *other = &legs[i].tracks[target];
		if (is_timed(other, limits, now))
			lag = larger(lag, t->took - other->took);
	}
	return lag;
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

static void learn_pause(struct burst *b, const struct track_limits *limits, int64_t now)
{
	int64_t pause = now - b->ticked - limits->interval;

	b->pause -= b->pause / LAG_FADES;
	if (b->ticked && pause < TRACK_PATIENCE * limits->interval)
		b->pause = larger(b->pause, pause);
	b->ticked = now;
}

void burst_learn(struct burst *b, struct leg *legs, size_t n_legs, const struct targets *targets,
		 const struct track_limits *limits, int64_t now)
{
	learn_pause(b, limits, now);
	for (size_t i = 0; i < n_legs; i++)
		for (size_t k = 0; k < targets->n; k++) {
			struct track *t = &legs[i].tracks[k];
			if (!is_timed(t, limits, now))
				continue;
			int64_t lag = find_lag(t, legs, n_legs, k, limits, now);
			t->lag = larger(t->lag - t->lag / LAG_FADES, lag);
			t->usual_lag += (lag - t->usual_lag) / LAG_USUAL;
		}
}

void burst_before_tick(struct burst *b, struct leg *legs, const struct targets *targets,
		       const struct decide_snapshot *s, const struct decide_limits *limits)
{
	if (b->running && (b->ticks++ > 0 || !is_suspect(legs, targets, s, limits)))
		burst_end(b, legs, s->n_legs);
}

/* Enough probes are open: the next look is the last one. */
static bool is_last(const struct track *t, const struct track_limits *limits)
{
	return t->in_burst && t->open + t->extra >= limits->fall;
}

/* Bursts that may not be repeated yet. */
static unsigned used(const struct burst *b, int64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < BURSTS && i < b->total; i++)
		n += now - b->started[i] < BURSTS_US;
	return n;
}

/* The time after another leg's answer: the more bursts there were, the nearer to the lag. */
static int64_t patience(const struct burst *b, const struct track *t, int64_t now,
			const struct track_limits *limits)
{
	int64_t more = (t->lag - t->usual_lag) * used(b, now) / BURSTS;

	return t->usual_lag + larger(limits->interval / 8, more);
}

/* When to look at an open track of the active leg, if another leg has answered at that time. */
static int64_t look_after(const struct burst *b, const struct track *t, int64_t answered,
			  const struct track_limits *limits)
{
	if (is_last(t, limits))
		return larger(answered + limits->interval / 8,
			      t->open_since +
				      larger(limits->interval * 3 / 5, 3 * t->lag + b->pause));
	/* Once one is late, the next ones are not waited for: only their number matters. */
	return b->running ? larger(answered + 1, t->last_sent + limits->interval / 10)
			  : answered + patience(b, t, answered, limits);
}

/* The same, after the first other leg that has answered the last probe; INT64_MAX: none has. */
static int64_t look_at_target(const struct burst *b, const struct leg *legs, size_t n_legs,
			      const struct leg *active, size_t target,
			      const struct track_limits *limits)
{
	const struct track *t = &active->tracks[target];
	int64_t first = INT64_MAX;

	if (track_is_settled(t) || !is_compared(t, limits, t->last_sent))
		return INT64_MAX;
	for (size_t i = 0; i < n_legs; i++) {
		const struct track *other = &legs[i].tracks[target];
		if (&legs[i] == active || !other->proven || !track_is_settled(other) ||
		    other->last_sent < t->last_sent || other->settled_at < t->last_sent)
			continue;
		int64_t at = look_after(b, t, other->settled_at, limits);
		first = at < first ? at : first;
	}
	return first == INT64_MAX ? first : larger(first, b->not_before);
}

int64_t burst_look_at(const struct burst *b, const struct leg *legs, size_t n_legs, int active,
		      const struct targets *targets, const struct track_limits *limits)
{
	const struct leg *leg = array_find(legs, n_legs, it->index == active && active > 0);
	int64_t first = INT64_MAX;

	for (size_t k = 0; leg && k < targets->n; k++) {
		int64_t at = look_at_target(b, legs, n_legs, leg, k, limits);
		first = at < first ? at : first;
	}
	return first;
}

/* Gives up what the active leg was probed for often enough, and had time to answer. */
static bool give_up(const struct burst *b, struct leg *legs, const struct targets *targets,
		    const struct decide_snapshot *s, const struct track_limits *limits)
{
	struct leg *leg = array_find(legs, s->n_legs, it->index == s->active);
	bool any = false;

	for (size_t k = 0; leg && k < targets->n; k++) {
		struct track *t = &leg->tracks[k];
		if (!is_last(t, limits) ||
		    look_at_target(b, legs, s->n_legs, leg, k, limits) > s->now)
			continue;
		track_give_up(t);
		any = true;
	}
	return any;
}

enum burst_step burst_look(struct burst *b, struct leg *legs, const struct targets *targets,
			   const struct decide_snapshot *s, const struct decide_limits *limits,
			   const struct track_limits *track_limits)
{
	int64_t at = burst_look_at(b, legs, s->n_legs, s->active, targets, track_limits);

	if (s->now < at || (!b->running && used(b, s->now) == BURSTS) ||
	    !is_suspect(legs, targets, s, limits))
		return BURST_WAIT;
	if (s->now - at > track_limits->interval / 10) {
		b->not_before = s->now + track_limits->interval / 8;
		return BURST_WAIT;
	}
	if (give_up(b, legs, targets, s, track_limits))
		return BURST_LOST;
	if (b->rounds + 1 >= track_limits->fall) {
		burst_end(b, legs, s->n_legs);
		return BURST_WAIT;
	}
	if (!b->running)
		b->started[b->total++ % BURSTS] = s->now;
	b->running = true;
	b->rounds++;
	return BURST_REPEAT;
}

void burst_end(struct burst *b, struct leg *legs, size_t n_legs)
{
	b->running = false;
	b->rounds = b->ticks = 0;
	b->not_before = 0;
	for (size_t i = 0; i < n_legs; i++)
		for (size_t k = 0; k < DECIDE_TARGETS; k++)
			track_end_burst(&legs[i].tracks[k]);
}
