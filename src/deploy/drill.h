/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks a leg of the bond on purpose while DNS is asked, and measures. */
#pragma once

#include <stdbool.h>

#include "deploy/dnsload.h"
#include "deploy/outage.h"

struct deployment;
struct err;
struct guest_watch;
struct vim;
struct vm_group;

/* How long the load runs before, during and after the failure, ms. */
#define DRILL_BEFORE_MS 2000
#define DRILL_DOWN_MS   4000
#define DRILL_AFTER_MS  3000

enum drill_failure {
	DRILL_CARRIER, /* the leg's link goes down, and the guest sees it */
	DRILL_SILENT,  /* the path behind the leg is cut, its carrier stays */
};

struct drill_settings {
	enum drill_failure failure;
	unsigned qps;           /* queries a second, at most */
	unsigned rate;          /* what a drill before found; 0: find it */
	const char *leg;        /* to break, by its name in the guest; NULL: the active one */
	const char *port;       /* or by its port's name in the VIM */
	unsigned max_outage_ms; /* the longest that passes; 0: any that ends */
	unsigned dns_port;      /* 0: 53 */
};

struct drill_result {
	enum drill_failure failure;
	char *server, *bond, *port; /* the port behind the leg that was broken */
	char *leg;                  /* NULL: the guest could not be asked */
	char *address;              /* that was asked */
	unsigned qps;               /* queries a second */
	int miimon, arp_interval;   /* of the running bond, ms; 0: off */
	char *leg_before, *leg_after,
		*leg_end; /* active leg: before, while broken, when mended; NULL:
			     none, or the guest could not be asked (a note tells) */
	bool active;      /* the broken leg was the active one, as far as is known */
	bool failed_back; /* another leg than while it was broken is active at the end */
	struct outage_moment down, up; /* broken, mended: from the load's start */
	bool watched;                  /* bondd's monitor was running at the last query */
	char *watch_state;             /* its state while it was broken (doc/bondd.md), or NULL */
	char *sentence;                /* what bondd said of this failure; NULL: nothing */
	int64_t outage_us;             /* its own estimate, of the move that it made; -1: none */
	struct outage outage; /* what of the load's gaps is the failure's, and the verdict */
	struct dnsload_result load;
	struct dnsload_result
		echo; /* of the guest's kernel, beside the bond; from the load's start */
};

/*
 * Asks for DNS on the first bond of the group's first server, as often as is answered without loss,
 * breaks a leg, mends it whatever happens (also when interrupted: -EINTR). A leg that was left with
 * its link down, by a drill that was killed, is put back first. Which leg is active is known from
 * the guest's status service; without it settings->port has to be given. With nothing touched:
 * -ENOTSUP: the VIM cannot break it so; -ENOENT: the server is not there, or does not run;
 * -EHOSTUNREACH: DNS is not answered anyway.
 */
int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      const struct drill_settings *settings, struct drill_result *ret, struct err *err);

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
