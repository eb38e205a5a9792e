/* SPDX-License-Identifier: Apache-2.0 */
/* Fails a leg of the bond under DNS load and measures the outage. */
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

/* How the active leg is known. */
enum drill_source {
	DRILL_BY_NOTHING,
	DRILL_BY_BONDD,
	DRILL_BY_MAC,        /* the port's MAC answers for the address */
	DRILL_BY_FORWARDING, /* the bridges learned the MAC that answers behind the port */
};

struct drill_settings {
	enum drill_failure failure;
	unsigned qps;           /* queries a second, at most */
	unsigned rate;          /* found by an earlier drill; 0: find it */
	const char *leg;        /* to fail, by its name in the guest; NULL: the active one */
	const char *port;       /* or by its port's name in the VIM */
	unsigned max_outage_ms; /* the longest that passes; 0: any that ends */
	unsigned dns_port;      /* 0: 53 */
};

struct drill_result {
	enum drill_failure failure;
	char *server, *bond, *port; /* the port of the failed leg */
	char *leg;     /* without bondd its name in day-0, or its port's; NULL: unknown */
	char *address; /* that was queried */
	unsigned qps;  /* queries a second */
	int miimon, arp_interval; /* of the bond, or of day-0, ms; 0: off; -1: unknown */
	bool no_agent;            /* guest_agent is none */
	enum drill_source source; /* of the active leg */
	/* The active leg before, during and after the failure. NULL: none, or unknown (with a
	 * note). */
	char *leg_before, *leg_after, *leg_end;
	bool active;      /* the broken leg was the active one, as far as is known */
	bool untouched;   /* its link was set down, but the leg kept its carrier */
	bool failed_back; /* the leg active at the end is not the one active during the failure */
	struct outage_moment down, up; /* leg failed, leg restored: from the load's start */
	bool watched;                  /* bondd's monitor was running at the last query */
	char *watch_state;             /* its state during the failure (doc/bondd.md), or NULL */
	char *sentence;                /* bondd's message on this failure; NULL: none */
	int64_t outage_us;             /* its own estimate, of the move that it made; -1: none */
	struct outage outage;          /* which gaps the failure caused, and the verdict */
	struct dnsload_result load;
	struct dnsload_result
		echo; /* of the guest's kernel, beside the bond; from the load's start */
};

/*
 * Sends DNS queries to the first bond of the group's first server, at a rate that is answered
 * without loss, fails a leg and always restores it (also when interrupted: -EINTR). A link left
 * down by a killed drill is set up first. The active leg is read from the guest's status service,
 * else it is the one that answers for the bond's address (neighbour.h); without both,
 * settings->port or leg is required. Before any change: -ENOTSUP: the VIM does not support the
 * failure; -ENOENT: no such server, or it is not running; -EHOSTUNREACH: DNS is not answered
 * anyway.
 */
int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      const struct drill_settings *settings, struct drill_result *ret, struct err *err);

const char *drill_failure_name(enum drill_failure failure); /* "carrier", "silent" */
const char *drill_failure_object(
	enum drill_failure failure); /* the failed object: "link", "path" */

/*
 * Copies bondd's new message, if any, since the previous status (NULL: not monitored then). Pure.
 */
void drill_hear(struct drill_result *result, const struct guest_watch *before,
		const struct guest_watch *now);

/* Why the bond stayed on the failed leg, and what to do; NULL: it did not stay, or unknown.
 * The caller frees. Pure. */
char *drill_why(const struct drill_result *result);

/* "bondd", "mac", "forwarding"; NULL for DRILL_BY_NOTHING. */
const char *drill_source_name(enum drill_source source);

/* "miimon=100": the bond's own link monitoring; "monitor unknown". The caller frees. */
char *drill_monitor(const struct drill_result *result);

void drill_result_clear(struct drill_result *result);

#define cleanup_drill_result __attribute__((__cleanup__(drill_result_clear)))
