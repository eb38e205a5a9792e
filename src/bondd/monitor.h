/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor of one bond: its legs and their state, past moves and their reasons. */
#pragma once

#include "bondd/announce.h"
#include "bondd/audit.h"
#include "bondd/burst.h"
#include "bondd/leg.h"

struct kernel;
struct tables;

/* Why the active leg changed. */
enum move_cause {
	MOVE_CARRIER,
	MOVE_SILENT,
	MOVE_LOSSY,
	MOVE_FORGED,
	MOVE_RETURN,
	MOVE_OTHER, /* by the kernel or an operator */
	MOVE_CAUSES,
};

struct bond_monitor {
	int index;
	char name[IF_NAMESIZE];
	bool active_backup;
	int active;      /* index of a leg; 0: none */
	int last_active; /* the last one other than 0 */
	struct leg legs[DECIDE_LEGS];
	size_t n_legs;
	struct targets targets;
	struct burst burst;
	enum decide_reason reason, told; /* of the last decision; of the last message */
	int64_t reason_since;            /* us */
	int64_t moves[DECIDE_MOVES];     /* us; a ring of bondd's moves */
	size_t n_moves;
	uint64_t moved[MOVE_CAUSES];
	struct announcements announcements;
	uint64_t announced; /* frames */
	struct audit audit;
	char *sentence;     /* the last; NULL: none yet */
	int64_t said;       /* us */
	int64_t said_at;    /* s since 1970 */
	int64_t outage;     /* us; estimate for the last move off a leg that failed; -1 */
	uint64_t bogus;     /* ignored answers at the last warning */
	int64_t told_bogus; /* us; 0: never */
	char *refusal;      /* the kernel's last message, to log it once */
	bool kept;          /* mark while the bonds are updated */
};

/* Shared by all monitors. */
struct monitor_ctx {
	const struct conf *conf;
	struct tables *tables;
	struct kernel *kernel;
	int epoll; /* has the legs' sockets, with their descriptor as data */
};

void monitor_init(struct bond_monitor *m, const struct rtnl_link *bond);

/* Updates the monitor from the tables. */
void monitor_update(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/*
 * The decision for now; if an answer of the active leg is late, probes again at once (burst.h). The
 * bond is not moved.
 */
struct decision monitor_choose(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/* Decides, and moves the bond if necessary. True if it moved: the tables have changed. */
bool monitor_decide(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/* At the end of an interval: sends the next probes. */
void monitor_tick(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/*
 * Time (us) of the next event after now that does not wait for a tick: announcements are due, or if
 * no answer comes until then, the active leg will have failed or its answer is late. INT64_MAX:
 * none.
 */
int64_t monitor_due_at(const struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/* Sends due announcements. */
void monitor_announce(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now);

/* Whether there is anything to do at the next tick. */
bool monitor_wants_ticks(const struct bond_monitor *m);

/* Takes in answers at one of its legs. */
void monitor_hear(struct bond_monitor *m, const struct monitor_ctx *ctx, struct leg *l,
		  int64_t now);

/*
 * " after 63 ms": from the failure (us; -1: unknown) to done, with the time that the kernel took to
 * move the bond, from asked on, if that was long. The caller frees.
 */
char *monitor_delay_text(int64_t failed, int64_t asked, int64_t done);

/* "carrier", "silent", "lossy", "forged", "return", "other" */
const char *move_cause_name(enum move_cause cause);

void monitor_clear(struct bond_monitor *m);
