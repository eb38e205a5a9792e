/* SPDX-License-Identifier: Apache-2.0 */
/* One leg of a monitored bond: its packet socket and the results of its probes. */
#pragma once

#include "bondd/conf.h"
#include "bondd/track.h"
#include "net/rtnl.h"
#include "net/status.h"

struct err;

/* An address to probe, and its VLAN. */
struct target {
	struct ip_addr ip;
	unsigned vlan; /* of the bond; 0: untagged */
};

struct targets {
	struct target v[DECIDE_TARGETS];
	size_t n;
};

struct leg {
	int index;
	char name[IF_NAMESIZE];
	struct mac_addr mac;
	enum tristate carrier, up;           /* as in struct decide_leg */
	int64_t carrier_lost;                /* us; -1: it has carrier, or unknown */
	int64_t speed;                       /* Mbit/s; -1 */
	int fd;                              /* packet socket; -1 */
	bool probed;                         /* see monitor.h: not every leg may be */
	struct track tracks[DECIDE_TARGETS]; /* of targets, by their place */
	struct neighbour {
		struct mac_addr mac, sender; /* that it names, and that its frames have */
		bool known;
	} neighbours[DECIDE_TARGETS];
	uint64_t sent, answered;
	uint64_t excess;       /* answers that no probe asked for: they count for nothing */
	uint64_t other_mac;    /* answers under another MAC than the target's: nor do they */
	struct mac_addr other; /* the last such MAC */
	uint64_t round_trips[GUEST_ROUND_TRIPS];
	uint64_t round_trip_sum; /* us */
	bool kept;               /* mark while the legs are updated */
};

/* From its link. leg_open creates the socket. */
void leg_init(struct leg *l, const struct rtnl_link *link, int64_t now);

/* Updates the leg from its link; loss of carrier resets its tracks. */
void leg_update(struct leg *l, const struct rtnl_link *link, int64_t now);

/*
 * Opens a socket for these targets, unless it is open; call leg_close first if they have changed.
 */
int leg_open(struct leg *l, const struct targets *targets, struct err *err);
void leg_close(struct leg *l);

/*
 * Ends the interval of every track and sends a probe to each target. On a doubted track it is left
 * to chance whether this is done: who forges answers does not know when to stay quiet.
 */
void leg_probe(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	       const struct track_limits *limits, int64_t now);

/*
 * Takes in answers; the socket stays readable if there are very many. legs are all of the bond, l
 * among them: a target that another leg hears has the MAC by which that one knows it.
 */
void leg_hear(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	      const struct track_limits *limits, int64_t now);

/* Forgets what the tracks have shown, as when the carrier goes. */
void leg_forget(struct leg *l);

/* For other targets: forgets the tracks and who answered, and closes the socket. */
void leg_reset(struct leg *l);

/* For decide(), at now (us). preference: see there. */
void leg_snapshot(const struct leg *l, const struct targets *targets,
		  const struct track_limits *limits, int preference, int64_t now,
		  struct decide_leg *ret);
