/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the answer on the active leg is late while another leg has its own, the next probes do not
 * wait for the ticks: all legs are probed again at once, until the active leg has answered, or has
 * not answered `fall` probes. This compares legs: the other leg must have answered each of its
 * probes before the next one is sent, so a target or a machine that pauses moves nothing.
 *
 * All legs are probed at the same moment, and what delays the machine delays all of them. So what
 * counts is how much later than another leg's the answers of the active leg come, however long the
 * round trip is, and how much later they came recently, at most (the lag).
 *
 * A probe is late an eighth of an interval after another leg's answer and the usual difference. A
 * burst that begins without need costs a few probes, which the target has to answer. So with each
 * burst of the last seconds the next one waits for a quarter of the lag more, and there are at most
 * four. A burst has a result no sooner than three fifths of the interval after the first unanswered
 * probe, and three times the lag, plus the time by which the recent ticks were late, at most. If
 * bondd looks late by more than a tenth of the interval, answers may be waiting, too: it looks
 * again later.
 */
#pragma once

#include "bondd/leg.h"

enum {
	BURSTS = 4,          /* at most, in ... */
	BURSTS_US = 4000000, /* this time */
};

struct burst {
	bool running;
	unsigned rounds;         /* in which all legs were probed again, in this burst */
	unsigned ticks;          /* during it */
	int64_t ticked;          /* us; 0: never */
	int64_t pause;           /* us; by which a recent tick was late, at most */
	int64_t not_before;      /* us; the next look, after a late one */
	int64_t started[BURSTS]; /* us; a ring */
	uint64_t total;          /* bursts */
};

/* What is to be done after a look. */
enum burst_step {
	BURST_WAIT,
	BURST_REPEAT, /* probe all legs again now (leg_repeat) */
	BURST_LOST,   /* decide again: what is open on the active leg is lost */
};

/* Before the probes of a tick are sent: learns how much later than others each leg answers. */
void burst_learn(struct burst *b, struct leg *legs, size_t n_legs, const struct targets *targets,
		 const struct track_limits *limits, int64_t now);

/* The same during a burst: it goes on if another leg has answered all before. */
void burst_before_tick(struct burst *b, struct leg *legs, const struct targets *targets,
		       const struct decide_snapshot *s, const struct decide_limits *limits);

/* When to look (us) unless answers come; INT64_MAX: not before. active is a leg's index. */
int64_t burst_look_at(const struct burst *b, const struct leg *legs, size_t n_legs, int active,
		      const struct targets *targets, const struct track_limits *limits);

/* Looks at the time s->now, if a look is due; s->legs are snapshots of legs, in this order. */
enum burst_step burst_look(struct burst *b, struct leg *legs, const struct targets *targets,
			   const struct decide_snapshot *s, const struct decide_limits *limits,
			   const struct track_limits *track_limits);

/* The bond has moved, or the active leg is another for other reasons. */
void burst_end(struct burst *b, struct leg *legs, size_t n_legs);
