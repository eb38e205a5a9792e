/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PF's links should be taken from the guests: a function of what is known of the paths and of
 * what was done before. No clock, no I/O.
 *
 * The rules, in this order:
 *  1. At most one PF is held (its guests' links are down), and only while another path answers.
 *  2. A PF is held if decide() would leave it as the active leg of a bond of all PFs, for one that
 *     is proven; if its path was proven before (otherwise the probes may be wrong, not the path);
 *     and if there is a link to take away. What is doubted is unknown.
 *  3. Holds are few: decide()'s limit for moves, and a pause after each restore.
 *  4. A held PF is restored when its path has been proven for the hold-down, which doubles with
 *     each hold in the window; at once if it answers and no other does; and if no path answers any
 *     more, because then nothing is known. A PF that cannot be probed while it is held is tried
 *     again after the hold-down.
 */
#pragma once

#include "bondd/decide.h"

enum { RELAY_PFS = DECIDE_LEGS };

struct relay_path {
	struct decide_leg leg; /* index: the PF's number + 1; 0: it does not exist */
	bool may_hold;         /* there is a link to take away */
};

struct relay_limits {
	struct decide_limits holds; /* as for moves of a bond */
	int64_t hold_down;          /* us */
	int64_t hold_down_max;      /* us */
	int64_t pause;              /* us after a restore in which the PF is not held again */
	int64_t settle;             /* us without an answer on any path: nothing is known */
	bool blind;                 /* a held PF cannot be probed */
};

/* What was done and seen before. Initialise with relay_memory_init(). */
struct relay_memory {
	size_t held;                 /* number + 1 of the held PF; 0: none */
	int64_t held_at;             /* us */
	int64_t proven_since;        /* us; the held PF; -1: it is not */
	int64_t alone_since;         /* us; no other path answers; -1: one does */
	int64_t holds[DECIDE_MOVES]; /* us; a ring */
	size_t n_holds;
	bool was_proven[RELAY_PFS];
	int64_t restored_at[RELAY_PFS]; /* us; 0: never */
};

enum relay_state {
	RELAY_HEALTHY,
	RELAY_UNKNOWN,      /* nothing is known of any path */
	RELAY_TARGETS_GONE, /* no path gets an answer */
	RELAY_NEVER_PROVEN, /* a path has not been proven yet, so its silence means nothing */
	RELAY_NO_PROVEN,    /* a path fails, and no other is proven */
	RELAY_NO_LINK,      /* a path fails, but there is no link to take away */
	RELAY_TOO_OFTEN,    /* a path fails, but there were too many holds */
	RELAY_HOLDING,
	RELAY_STATES,
};

enum relay_act {
	RELAY_STAY,
	RELAY_HOLD,
	RELAY_RESTORE_PROVEN, /* proven for the hold-down */
	RELAY_RESTORE_TRIAL,  /* the hold-down is over, and only a trial tells more */
	RELAY_RESTORE_ONLY,   /* it answers, and no other path does */
	RELAY_RESTORE_LOST,   /* no path answers any more */
};

struct relay_decision {
	enum relay_state state;
	enum relay_act act;
	size_t pf;               /* which one it is about, if any */
	struct decision failure; /* of RELAY_HOLD; failure.to - 1: the proven PF */
};

void relay_memory_init(struct relay_memory *m);

/* n: at most RELAY_PFS. Updates what m knows of the paths, not what was done. */
struct relay_decision relay_decide(struct relay_memory *m, const struct relay_path *paths, size_t n,
				   const struct relay_limits *limits, int64_t now);

/* What was done. */
void relay_note_hold(struct relay_memory *m, size_t pf, int64_t now);
void relay_note_restore(struct relay_memory *m, int64_t now);

/* A hold that failed, which counts as one, so that it is not tried all the time. */
void relay_note_failure(struct relay_memory *m, int64_t now);

/* us that the held PF has to be proven. */
int64_t relay_hold_down(const struct relay_memory *m, const struct relay_limits *limits,
			int64_t now);

/* Its path is proven good now. */
bool relay_is_proven(const struct decide_leg *l);

/* "healthy", "unknown", "targets-gone" ... */
const char *relay_state_name(enum relay_state state);
