/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of the probes from one leg to one target: counters only, no clock and no socket.
 *
 * An ARP reply does not say which request it answers. So none is matched to its probe: an answer
 * shows that the path worked just before it came, and settles every probe that is still open. But
 * there is one answer a probe at most: one too many (TRACK_EXCESS) settles nothing, and where they
 * are many somebody forges them. Then the path is doubted: no answer proves anything.
 * A probe that is open when the next one is due is a miss; an answer that comes later takes the
 * miss back. So a round trip longer than the interval does no harm while answers keep coming.
 *
 * The last miss that makes a path silent does not wait for the next probe: it counts when the probe
 * is older than the slowest recent round trip, and at least a quarter of an interval. So a path or
 * guest that is slow at times gets that time; the value decays within seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACK_RISE_MAX = 64,
	TRACK_LOSS_WINDOW = 16, /* probes over which loss is counted */
	TRACK_PATIENCE = 5,     /* intervals that a slow round trip may add at most */
	TRACK_LOSS_MANY = 4,    /* lost of those: the path is lossy */
	TRACK_CREDIT = 16,      /* probes that answers which were held up may be of */
	TRACK_CREDIT_FADES = 8, /* probes until one that was never answered is given up */
	TRACK_EXCESS = -2,      /* see track_answer */
	TRACK_DOUBT = 8,        /* answers too many: the path is doubted */
	TRACK_DOUBT_MAX = 24,   /* more are not counted, so that doubt ends */
	TRACK_DOUBT_FADES = 25, /* probes until one answer too many is forgotten */
};

struct track_limits {
	int64_t interval; /* us between two probes */
	unsigned fall;    /* misses in a row: silent */
	unsigned rise;    /* probes with at most one loss: proven; at most TRACK_RISE_MAX */
};

struct track {
	bool answered;      /* ever */
	bool proven;        /* was proven, and neither fell silent nor became lossy since */
	unsigned open;      /* probes sent since the last answer */
	int64_t open_since; /* us; when the first open one was sent */
	int64_t last_sent;  /* us */
	int64_t slowest;    /* us; slowest recent round trip */
	uint8_t answers[TRACK_RISE_MAX]; /* in each of the last intervals, a ring */
	unsigned at;                     /* in the ring: the interval that runs */
	unsigned n;      /* intervals that ended since it was silent, up to TRACK_RISE_MAX */
	unsigned credit; /* probes that an answer to come may be of, up to TRACK_CREDIT */
	unsigned excess; /* answers too many of late, up to TRACK_DOUBT_MAX */
	uint64_t total_sent, total_answered, total_excess;
};

/* Ends the current interval; a probe is sent now (us). */
void track_sent(struct track *t, const struct track_limits *limits, int64_t now);

/*
 * An answer came. Returns the round trip in us; -1: it could be that of several probes;
 * TRACK_EXCESS: no probe is left that it could be of, so it is not counted.
 */
int64_t track_answer(struct track *t, const struct track_limits *limits, int64_t now);

/* Number of open probes whose time has expired at now (us). */
unsigned track_misses(const struct track *t, const struct track_limits *limits, int64_t now);

/* When the path will be silent (us) if no answer comes; INT64_MAX: not before further probes. */
int64_t track_silent_at(const struct track *t, const struct track_limits *limits);
bool track_is_silent(const struct track *t, const struct track_limits *limits, int64_t now);

/*
 * Whether the last probe was answered, or was sent less than a quarter of an interval ago and no
 * other is open.
 */
bool track_is_fresh(const struct track *t, const struct track_limits *limits, int64_t now);
bool track_is_lossy(const struct track *t);

/* Answers that no probe asked for come in: the others may be forged as well. */
bool track_is_doubted(const struct track *t);

/* Probes that track_lost() looks at: TRACK_LOSS_WINDOW, or those since it was silent. */
unsigned track_window(const struct track *t);

/* Probes lost of the last track_window(), without open ones. */
unsigned track_lost(const struct track *t);

/* Nothing is known any more, as when the leg's carrier went; totals and doubt stay. */
void track_forget(struct track *t);
