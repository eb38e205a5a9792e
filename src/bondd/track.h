/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of the probes from one leg to one target: counters only, no clock and no socket.
 *
 * An ARP reply does not identify its request, so replies are not matched to probes: an answer shows
 * that the path worked just before it arrived, and settles all open probes. But there is at most
 * one answer per probe: an excess answer (TRACK_EXCESS) settles nothing, and many of them mean that
 * answers are forged. Then the path is doubted: no answer proves anything. A probe that is open
 * when the next one is due is a miss; a later answer cancels the miss. So a round trip longer than
 * the interval does no harm while answers keep arriving.
 *
 * A burst (burst.h) repeats the probe of an interval. Its probes count as unanswered ones, but
 * their interval still has one answer or none, so that loss is counted as without bursts.
 *
 * The last miss that makes a path silent does not wait for the next probe: it counts when the probe
 * is older than the slowest recent round trip, and at least a quarter of an interval. So an
 * occasionally slow path or guest is tolerated; the value decays within seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACK_RISE_MAX = 64,
	TRACK_LOSS_WINDOW = 16, /* probes over which loss is counted */
	TRACK_PATIENCE = 5,     /* intervals that a slow round trip may add at most */
	TRACK_LOSS_MANY = 4,    /* lost of those: the path is lossy */
	TRACK_CREDIT = 16,      /* probes that delayed answers may belong to */
	TRACK_CREDIT_FADES = 8, /* probes until one more than TRACK_PATIENCE is given up */
	TRACK_EXCESS = -2,      /* see track_answer */
	TRACK_DOUBT = 8,        /* excess answers: the path is doubted */
	TRACK_DOUBT_MAX = 24,   /* upper limit of the count, so that doubt ends */
	TRACK_DOUBT_FADES = 25, /* probes until one excess answer is forgotten */
};

struct track_limits {
	int64_t interval; /* us between two probes */
	unsigned fall;    /* misses in a row: silent */
	unsigned rise;    /* probes with at most one loss: proven; at most TRACK_RISE_MAX */
};

struct track {
	bool answered;      /* ever */
	bool proven;        /* was proven, and neither fell silent nor became lossy since */
	unsigned open;      /* probes sent since the last answer, one per interval */
	unsigned extra;     /* besides, those of a burst */
	unsigned repeats;   /* probes of a burst in the current interval */
	bool in_burst;      /* the last probe was one of a burst, or sent during it */
	bool given_up;      /* the open ones were compared with another path: they are lost */
	int64_t open_since; /* us; when the first open one was sent */
	int64_t last_sent;  /* us */
	int64_t slowest;    /* us; slowest recent round trip */
	int64_t took;       /* us; the answer that settled the last probes, from the oldest of them;
				-1: the path had been silent */
	int64_t settled_at; /* us; when that came */
	int64_t lag;        /* us; behind other paths recently, at most: see burst.h */
	int64_t usual_lag;  /* us; on average */
	uint8_t answers[TRACK_RISE_MAX]; /* in each of the last intervals, a ring */
	unsigned at;                     /* index in the ring of the current interval */
	unsigned n;      /* intervals that ended since it was silent, up to TRACK_RISE_MAX */
	unsigned credit; /* probes that a future answer may belong to, up to TRACK_CREDIT */
	unsigned excess; /* recent excess answers, up to TRACK_DOUBT_MAX */
	uint64_t total_sent, total_answered, total_excess;
};

/* Ends the current interval; a probe is sent now (us). */
void track_sent(struct track *t, const struct track_limits *limits, int64_t now);

/* A probe of a burst is sent now. It is not lost before track_give_up. */
void track_repeat(struct track *t, int64_t now);

/* The open probes, of which some are those of a burst, are lost: the path is silent. */
void track_give_up(struct track *t);

/* The burst is over: its open probes do not count any longer. */
void track_end_burst(struct track *t);

/*
 * Counts an answer. Returns the round trip in us; -1: ambiguous, it may belong to several probes;
 * TRACK_EXCESS: it matches no open probe and is not counted.
 */
int64_t track_answer(struct track *t, const struct track_limits *limits, int64_t now);

/* Number of open probes whose time has expired at now (us). */
unsigned track_misses(const struct track *t, const struct track_limits *limits, int64_t now);

/* When the path will be silent (us) if no answer comes; INT64_MAX: not before further probes. */
int64_t track_silent_at(const struct track *t, const struct track_limits *limits);
bool track_is_silent(const struct track *t, const struct track_limits *limits, int64_t now);

/* Whether no probe is open. */
bool track_is_settled(const struct track *t);

/*
 * Whether no probe is open, or only one that was sent less than a quarter of an interval ago, and
 * there is no burst.
 */
bool track_is_fresh(const struct track *t, const struct track_limits *limits, int64_t now);
bool track_is_lossy(const struct track *t);

/* There are answers that match no probe, so others may be forged too. */
bool track_is_doubted(const struct track *t);

/* Probes that track_lost() looks at: TRACK_LOSS_WINDOW, or those since it was silent. */
unsigned track_window(const struct track *t);

/* Probes lost of the last track_window(), without open ones. */
unsigned track_lost(const struct track *t);

/* Resets to unknown, as after loss of carrier; keeps totals and doubt. */
void track_forget(struct track *t);
