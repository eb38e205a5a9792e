/* SPDX-License-Identifier: Apache-2.0 */
/* One leg of a monitored bond: its packet socket and the results of its probes. */
#pragma once

#include "bondd/conf.h"
#include "bondd/track.h"
#include "net/rtnl.h"
#include "net/status.h"

struct err;
struct tables;

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
	struct track tracks[DECIDE_TARGETS]; /* of targets, by index */
	struct neighbour {
		struct mac_addr mac, sender; /* in the answer, and of its frame */
		bool known;
	} neighbours[DECIDE_TARGETS];
	uint64_t sent, answered;
	uint64_t excess;       /* answers that match no probe: ignored */
	uint64_t other_mac;    /* answers from a MAC other than the target's: ignored */
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

/* The same; an epoll gets a new socket, with its descriptor as data. */
int leg_listen(struct leg *l, const struct targets *targets, int epoll, struct err *err);
void leg_close(struct leg *l);

/*
 * Ends the interval of every track and sends a probe to each target. On a doubted track this is
 * done at random, so that forged answers cannot match the probes.
 */
void leg_probe(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	       const struct track_limits *limits, int64_t now);

/* Sends one more probe of a burst to each target that answers. */
void leg_repeat(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
		const struct track_limits *limits, int64_t now);

/*
 * Takes in answers; the socket stays readable if there are very many. legs are all of the bond, l
 * among them: a target that another leg hears has the MAC that that leg knows.
 */
void leg_hear(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	      const struct track_limits *limits, int64_t now);

/* Resets the tracks, as after loss of carrier. */
void leg_forget(struct leg *l);

/* For new targets: resets the tracks and the targets' MACs, and closes the socket. */
void leg_reset(struct leg *l);

/* For decide(), at now (us). preference: see there. */
void leg_snapshot(const struct leg *l, const struct targets *targets,
		  const struct track_limits *limits, int preference, int64_t now,
		  struct decide_leg *ret);

/*
 * Why decide() leaves the leg: "ens6 lost 3 of 3 probes to 172.16.1.1 with carrier up", or its
 * carrier. NULL: for another reason. The caller frees.
 */
char *leg_failure_text(const struct leg *l, const struct targets *targets, const struct decision *d,
		       const struct track_limits *limits, int64_t now);

/* The address of the first target in the set, in buf of IP_TEXT_SIZE; "its targets". */
const char *targets_text(const struct targets *targets, uint32_t set, char *buf);

/* The targets that the legs of a bond probe, from the kernel's tables. */

/*
 * The configured targets, each on the VLAN of the bond whose subnet contains it. Without configured
 * targets: the gateway of the IPv4 default route with the lowest metric over the bond or its VLANs,
 * else the IPv6 one. One target suffices: if it fails, no leg gets a reply, and the bond is not
 * moved.
 */
void targets_find(const struct tables *tables, const struct rtnl_link *bond,
		  const struct conf *conf, struct targets *ret_targets);
