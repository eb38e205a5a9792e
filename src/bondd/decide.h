/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which leg should carry a bond: a pure function over a snapshot. What is not known is a value of
 * its own and moves nothing.
 *
 * The rules, in this order:
 *  1. Only a bond in active-backup mode that has an active leg is moved; without one the kernel
 *     takes the first leg that comes up.
 *  2. The active leg fails when its carrier is gone, or when a majority of the targets whose answer
 *     counts says so: a target counts against it when the leg hears nothing (or too little) from it
 *     while another leg has just heard it. A target that no leg hears is ignored: the target
 *     failed, not the legs. If no target is left, the bond stays.
 *  3. It moves only to a leg that has a carrier, that the bond calls up (the kernel refuses any
 *     other) and that is proven good. If there is none, a dead leg is also left for one whose
 *     answers are doubted: it cannot be worse.
 *  4. A target whose answers are doubted on a leg (somebody forges them) is unknown there. The
 *     active leg is left for another that is proven by targets which are doubted on the active one,
 *     and are more than those it hears.
 *  5. Moves are few: within the window each further one waits twice as long as the previous one,
 *     and there are at most max_moves.
 *  6. Without a failure it moves only as the failback policy says. Such moves, and moves from or to
 * a doubted leg, are made only while enough moves are left for failures. Among several legs: more
 * targets that prove it, higher preference, higher speed, lower index.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tristate.h"

enum {
	DECIDE_LEGS = 8,
	DECIDE_TARGETS = 8,
	DECIDE_MOVES = 32,
	DECIDE_MOVES_SPARED = 2, /* without a failure: one for the next, and one more */
};

enum failback {
	FAILBACK_NEVER,  /* a leg that works is kept */
	FAILBACK_BETTER, /* back to a preferred leg of higher speed */
	FAILBACK_ALWAYS, /* back to a preferred leg */
};

/* A leg. Sets of targets have a bit each; a target in none of them is unknown. */
struct decide_leg {
	int index; /* of the interface, > 0 */
	enum tristate carrier;
	enum tristate up;     /* in the bond's own view */
	uint32_t heard;       /* answers, apart from an occasional miss */
	uint32_t fresh;       /* of those: answered the last probe */
	uint32_t proven;      /* of those: has answered long enough to count as good */
	uint32_t lossy;       /* of those: answers too few */
	uint32_t silent;      /* answered none of the last probes, or never */
	uint32_t doubted;     /* more answers than probes; in no other set */
	int64_t carrier_lost; /* us; -1: it has carrier */
	int64_t silent_since[DECIDE_TARGETS]; /* us; of those in silent: when the first unanswered
						 probe was sent */
	int preference;                       /* higher is better */
	int64_t speed;                        /* Mbit/s; -1: not known */
};

struct decide_limits {
	enum failback failback;
	unsigned max_moves; /* in the window; at most DECIDE_MOVES */
	int64_t window;     /* us */
	int64_t hold;       /* us between the second move of a window and the third; doubles */
};

struct decide_snapshot {
	int64_t now;        /* us; any monotonic clock */
	bool active_backup; /* the bond's mode */
	int active;         /* index of the active leg; 0: there is none */
	const struct decide_leg *legs;
	size_t n_legs;        /* at most DECIDE_LEGS */
	const int64_t *moves; /* us; when it was moved, in any order */
	size_t n_moves;
};

enum decide_reason {
	/* the bond stays */
	DECIDE_MODE,         /* no active-backup bond */
	DECIDE_NO_ACTIVE,    /* no active leg: the kernel selects one */
	DECIDE_HEALTHY,      /* nothing is wrong with the active leg */
	DECIDE_UNKNOWN,      /* nothing is known of it */
	DECIDE_TARGETS_GONE, /* it hears no target; nor does any other leg, although probed */
	DECIDE_NO_PROVEN,    /* it fails, and no other leg is proven good, or none is probed */
	DECIDE_HELD,         /* it fails, but there were too many moves */
	DECIDE_DOUBTED,      /* its answers are doubted, and no other leg is proven good */
	/* the bond moves, because the active leg ... */
	DECIDE_CARRIER, /* has no carrier */
	DECIDE_SILENT,  /* hears nothing of targets that the other leg hears */
	DECIDE_LOSSY,   /* hears too little of them */
	DECIDE_FORGED,  /* is doubted, and the other leg is proven good */
	DECIDE_RETURN,  /* is not the preferred one, which is proven good again */
};

struct decision {
	enum decide_reason reason;
	int to;           /* index of the leg to move to; 0: stay */
	uint32_t targets; /* that count against the active leg, or that no leg hears */
	int64_t since;    /* us; when the failure began; -1: none */
};

struct decision decide(const struct decide_snapshot *s, const struct decide_limits *limits);

/* "carrier", "silent", "lossy", "return", "healthy" ...: for status and metrics. */
const char *decide_reason_name(enum decide_reason reason);
