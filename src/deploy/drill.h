/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks the bond's active leg on purpose while DNS is asked, and measures. */
#pragma once

#include <stdbool.h>

#include "deploy/dnsload.h"

struct deployment;
struct err;
struct events;
struct vim;
struct vm_group;

/* How long the load runs before, during and after the failure, ms. */
#define DRILL_BEFORE_MS 2000
#define DRILL_DOWN_MS   4000
#define DRILL_AFTER_MS  3000

/* Queries sent this long before the link went down may still have been on their way, ms. */
#define DRILL_IN_FLIGHT_MS 100

struct drill_result {
	char *server, *bond, *port; /* the port whose link was taken down */
	char *address;              /* that was asked */
	int miimon, arp_interval;   /* of the running bond, ms; 0: off */
	char *leg_before, *leg_after,
		*leg_end;      /* active leg: before, while down, after the link is back; NULL:
				  none, or the guest could not be asked (a note tells) */
	bool failed_over;      /* another leg became active while the link was down */
	bool failed_back;      /* the first leg is active again at the end */
	double down_ms, up_ms; /* when the link was changed, from the load's start */
	/* The longest gap among the queries that the failure could touch, and what was lost after
	 * it. */
	struct dnsload_gap outage;
	uint64_t lost_after;
	struct dnsload_result
		load; /* of the whole run; its longest gap may be this machine's noise */
};

/*
 * Asks for DNS at qps queries a second on the first bond of the group's first server, takes the
 * active leg's link down, puts it back whatever happens (also when interrupted: -EINTR). Needs the
 * guest's status service to know which leg is active.
 */
int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      unsigned qps, const struct events *events, struct drill_result *ret, struct err *err);

void drill_result_clear(struct drill_result *result);

#define cleanup_drill_result __attribute__((__cleanup__(drill_result_clear)))
