// SPDX-License-Identifier: Apache-2.0
#include "bondd/track.h"

/*
 * Answers missing in the last n completed intervals. A surplus answer in one interval compensates
 * for a missing one before, not for later ones.
 */
static unsigned lost_of(const struct track *t, unsigned n)
{
	unsigned lost = 0;

	for (unsigned i = n; i > 0; i--) {
		unsigned answers = t->answers[(t->at + TRACK_RISE_MAX - i) % TRACK_RISE_MAX];
		lost = lost + 1 > answers ? lost + 1 - answers : 0;
	}
	return lost;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned track_window(const struct track *t)
{
	return least(t->n, TRACK_LOSS_WINDOW);
}

/* Open probes are not lost yet; the last one is not in a completed interval. */
unsigned track_lost(const struct track *t)
{
	unsigned lost = lost_of(t, track_window(t));
	unsigned open = t->open ? t->open - 1 : 0;

	return lost > open ? lost - open : 0;
}

bool track_is_lossy(const struct track *t)
{
	return track_lost(t) >= TRACK_LOSS_MANY;
}

bool track_is_doubted(const struct track *t)
{
	return t->excess >= TRACK_DOUBT;
}

/* The longest time of a probe on any path, and the largest delay of the sending timer. */
static int64_t least_patience(const struct track_limits *limits)
{
	return limits->interval / 4;
}

static int64_t patience(const struct track *t, const struct track_limits *limits)
{
	return t->slowest > least_patience(limits) ? t->slowest : least_patience(limits);
}

unsigned track_misses(const struct track *t, const struct track_limits *limits, int64_t now)
{
	unsigned open = t->open + t->extra;
	bool pending = t->in_burst ? !t->given_up : now < t->last_sent + patience(t, limits);

	return open && pending ? open - 1 : open;
}

static int64_t silent_by_ticks_at(const struct track *t, const struct track_limits *limits)
{
	int64_t at = t->open_since + (limits->fall - 1) * limits->interval -
		     least_patience(limits) + patience(t, limits);
	int64_t last = t->last_sent + patience(t, limits);

	if (t->open < limits->fall)
		return INT64_MAX;
	return t->open == limits->fall && last > at ? last : at;
}

int64_t track_silent_at(const struct track *t, const struct track_limits *limits)
{
	return t->given_up ? t->last_sent : silent_by_ticks_at(t, limits);
}

bool track_is_silent(const struct track *t, const struct track_limits *limits, int64_t now)
{
	return now >= track_silent_at(t, limits);
}

bool track_is_settled(const struct track *t)
{
	return t->open + t->extra == 0;
}

/* Uses the minimum timeout, independent of recent round trips: when another path is judged silent
 * in the same interval, this one has answered since. The answer may be to an older probe, as any
 * answer settles all open ones; with a round trip shorter than fall intervals, the other path had
 * the same time to answer that probe. */
bool track_is_fresh(const struct track *t, const struct track_limits *limits, int64_t now)
{
	return track_is_settled(t) ||
	       (!t->in_burst && t->open == 1 && now < t->last_sent + least_patience(limits));
}

/* With a burst, the interval counts as answered if all its probes were. */
static void end_interval(struct track *t)
{
	t->answers[t->at] -= (uint8_t)least(t->answers[t->at], t->repeats);
	t->repeats = 0;
	t->at = (t->at + 1) % TRACK_RISE_MAX;
	t->answers[t->at] = 0;
	t->n = least(t->n + 1, TRACK_RISE_MAX);
}

/* It has to be proven again: late answers do not compensate for earlier losses. */
static void fall(struct track *t)
{
	t->proven = false;
	t->n = 0;
}

void track_sent(struct track *t, const struct track_limits *limits, int64_t now)
{
	if (t->total_sent && t->last_sent >= 0)
		end_interval(t);
	t->slowest -= t->slowest / 128;
	if (track_is_settled(t))
		t->open_since = now;
	if (t->open < UINT32_MAX / 2)
		t->open++;
	t->last_sent = now;
	t->total_sent++;
	if (t->credit > TRACK_PATIENCE && t->total_sent % TRACK_CREDIT_FADES == 0)
		t->credit--;
	t->credit = least(t->credit + 1, TRACK_CREDIT);
	if (t->excess && t->total_sent % TRACK_DOUBT_FADES == 0)
		t->excess--;
	if (track_is_silent(t, limits, now))
		fall(t);
	else if (track_is_lossy(t))
		t->proven = false;
	else if (t->n >= limits->rise && lost_of(t, limits->rise) <= 1)
		t->proven = true;
}

void track_repeat(struct track *t, int64_t now)
{
	if (track_is_settled(t))
		t->open_since = now;
	t->extra++;
	t->repeats++;
	t->in_burst = true;
	t->last_sent = now;
	t->total_sent++;
	t->credit = least(t->credit + 1, TRACK_CREDIT);
}

void track_give_up(struct track *t)
{
	t->given_up = true;
}

void track_end_burst(struct track *t)
{
	t->extra = 0;
	t->in_burst = t->given_up = false;
}

int64_t track_answer(struct track *t, const struct track_limits *limits, int64_t now)
{
	int64_t round_trip = t->open == 1 && t->extra == 0 ? now - t->last_sent : -1;
	/* If it answers the oldest open probe. */
	int64_t longest = track_is_settled(t) ? 0 : now - t->open_since;
	bool fell = now >= silent_by_ticks_at(t, limits);

	if (t->credit == 0) {
		t->total_excess++;
		t->excess = least(t->excess + 1, TRACK_DOUBT_MAX);
		return TRACK_EXCESS;
	}
	t->credit--;
	if (longest > TRACK_PATIENCE * limits->interval)
		longest = TRACK_PATIENCE * limits->interval;
	if (fell)
		fall(t); /* the duration of an outage is not a round trip */
	else if (longest > t->slowest)
		t->slowest = longest;

	if (!track_is_settled(t)) {
		t->took = fell ? -1 : longest;
		t->settled_at = now;
	}
	t->answered = true;
	t->total_answered++;
	t->open = t->extra = 0;
	t->given_up = false;
	if (t->answers[t->at] < UINT8_MAX)
		t->answers[t->at]++;
	return round_trip;
}

void track_forget(struct track *t)
{
	*t = (struct track){
		.last_sent = -1,
		.total_sent = t->total_sent,
		.total_answered = t->total_answered,
		.total_excess = t->total_excess,
		.excess = t->excess,
	};
}
