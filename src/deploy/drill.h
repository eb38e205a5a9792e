/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks the bond's active leg on purpose while DNS is asked, and measures. */
#pragma once

#include <stdbool.h>

#include "deploy/dnsload.h"

struct deployment;
struct err;
struct guest_watch;
struct vim;
struct vm_group;

/* How long the load runs before, during and after the failure, ms. */
#define DRILL_BEFORE_MS 2000
#define DRILL_DOWN_MS   4000
#define DRILL_AFTER_MS  3000

/* Queries sent this long before the failure may still have been on their way, ms. */
#define DRILL_IN_FLIGHT_MS 100

enum drill_failure {
	DRILL_CARRIER, /* the leg's link goes down, and the guest sees it */
	DRILL_SILENT,  /* the path behind the leg is cut, its carrier stays */
};

struct drill_result {
	enum drill_failure failure;
	char *server, *bond, *port; /* the port behind the leg that was broken */
	char *address;              /* that was asked */
	int miimon, arp_interval;   /* of the running bond, ms; 0: off */
	char *leg_before, *leg_after,
		*leg_end;      /* active leg: before, while broken, when mended; NULL:
				  none, or the guest could not be asked (a note tells) */
	bool failed_over;      /* another leg became active while this one was broken */
	bool failed_back;      /* the first leg is active again at the end */
	double down_ms, up_ms; /* when it was broken and mended, from the load's start */
	bool watched;          /* bondd's monitor was running at the last query */
	char *watch_state;     /* theirs while it was broken (doc/bondd.md), or NULL */
	char *sentence;        /* what bondd said of this failure; NULL: nothing */
	int64_t outage_us;     /* its own estimate, of the move that it made; -1: none */
	/* The longest gap among the queries that the failure could touch, and what was lost after
	 * it. */
	struct dnsload_gap outage;
	uint64_t lost_after;
	struct dnsload_result
		load; /* of the whole run; its longest gap may be this machine's noise */
};

/*
 * Asks for DNS at qps queries a second on the first bond of the group's first server, breaks the
 * active leg, mends it whatever happens (also when interrupted: -EINTR). A leg that was left with
 * its link down, by a drill that was killed, is put back first. Needs the guest's status service to
 * know which leg is active. -ENOTSUP, with nothing touched: the VIM cannot break it so.
 */
int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      enum drill_failure failure, unsigned qps, struct drill_result *ret, struct err *err);

const char *drill_failure_name(enum drill_failure failure);   /* "carrier", "silent" */
const char *drill_failure_object(enum drill_failure failure); /* what breaks: "link", "path" */

/*
 * Takes over what bondd said since the look before (NULL: nobody watched then), when it said
 * something. Pure.
 */
void drill_hear(struct drill_result *result, const struct guest_watch *before,
		const struct guest_watch *now);

/* Why the bond stayed on the broken leg, and what to do; NULL: it did not, or that is not known.
 * The caller frees. Pure. */
char *drill_why(const struct drill_result *result);

/* "miimon=100": how the bond itself watches its legs. The caller frees. */
char *drill_monitor(const struct drill_result *result);

void drill_result_clear(struct drill_result *result);

#define cleanup_drill_result __attribute__((__cleanup__(drill_result_clear)))
