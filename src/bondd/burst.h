/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an answer is late on the active leg while another leg has its own, the next probes do not
 * wait for the ticks: all legs are probed again at once, until the active leg has answered, or has
 * not answered `fall` probes. This compares legs: it ends without a result as soon as no other leg
 * has answered each of its probes, so a target or a machine that pauses moves nothing.
 *
 * A probe has one and a half times the slowest recent round trip on any leg (the pace), and at
 * least a fifth of the interval. Bursts are few, because the target has to answer them. If bondd
 * runs late by more than a tenth of the interval, a burst has no result: the probes at ticks
 * decide.
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
	int64_t pace;            /* us */
	int64_t at;              /* us; when the last probes are late; INT64_MAX: decided */
	int64_t started[BURSTS]; /* us; a ring */
	uint64_t total;          /* bursts */
};

void burst_init(struct burst *b);

/*
 * Before the probes of a tick are sent, and after, at now (us). A tick may come during a burst:
 * then the other leg must have answered all before.
 */
void burst_before_tick(struct burst *b, struct leg *legs, const struct targets *targets,
		       const struct decide_snapshot *s, const struct decide_limits *limits);
void burst_ticked(struct burst *b, const struct leg *legs, size_t n_legs,
		  const struct targets *targets, const struct track_limits *limits, int64_t now);

/* When to look (us); INT64_MAX: not before the next tick. active may be NULL. */
int64_t burst_look_at(const struct burst *b, const struct leg *active,
		      const struct targets *targets, const struct track_limits *limits,
		      int64_t now);

/* To be called first: whatever is open when bondd runs late is not lost for that. */
void burst_end_if_late(struct burst *b, struct leg *legs, size_t n_legs,
		       const struct track_limits *limits, int64_t now);

/*
 * Looks at the time s->now, if a look is due; s->legs are snapshots of legs, in this order. True:
 * all legs are to be probed again now (leg_repeat). Otherwise a burst is over.
 */
bool burst_look(struct burst *b, struct leg *legs, const struct targets *targets,
		const struct decide_snapshot *s, const struct decide_limits *limits, unsigned fall);

/* The bond has moved, or the active leg is another for other reasons. */
void burst_end(struct burst *b, struct leg *legs, size_t n_legs);
