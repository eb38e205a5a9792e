/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest says of its own network: read by bondd inside, carried as JSON (doc/bondd.md),
 * judged by verify and drill outside. Strings are NULL and numbers -1 where the guest could not
 * tell.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "base/tristate.h"

/* Upper bounds of the buckets of round trips, in us; the last bucket holds the rest. */
#define GUEST_ROUND_TRIP_BOUNDS                                                \
	{                                                                      \
		250, 500, 1000, 2000, 5000, 10000, 20000, 40000, 80000, 160000 \
	}
enum { GUEST_ROUND_TRIPS = 11 };

/* What bondd's probes say of a leg's path. */
struct guest_leg_watch {
	enum tristate probed;         /* TRI_NO: only the active leg is */
	char *path;                   /* "proven", "answers", "lossy", "silent" */
	int64_t sent, answered, lost; /* probes; lost: of the last 16 to each target */
	int64_t round_trip_sum_us;
	int64_t round_trips[GUEST_ROUND_TRIPS]; /* numbers, by bucket */
};

/* A leg of a bond (the kernel says slave). */
struct guest_leg {
	char *name;
	char *mac;             /* at the moment; lower case, colons */
	char *permanent_mac;   /* what it has outside the bond */
	enum tristate carrier; /* unknown while the interface is down */
	char *mii_status;      /* the bond's word: "up", "going down", "down", "going back" */
	int64_t speed;         /* Mbit/s */
	int64_t link_failures;
	int numa_node;                 /* of the NIC, in guest cells */
	char *driver;                  /* "igb", "virtio_net" ... */
	char *pci_address;             /* "0000:41:00.0" */
	struct guest_leg_watch *watch; /* NULL: nobody watches */
};

struct guest_moves {
	char *cause; /* "carrier", "silent", "lossy", "return"; "other": not bondd's doing */
	int64_t count;
};

/* What bondd, as it watches a bond, thinks and does. */
struct guest_watch {
	char *state;       /* "healthy", "targets-gone" ...: doc/bondd.md */
	char *sentence;    /* the last that it had to say; NULL: none so far */
	int64_t said_at;   /* s since 1970 */
	int64_t outage_us; /* of the last move off a leg that failed: from its first lost probe */
	int64_t interval_ms;
	int64_t announced; /* frames */
	struct guest_moves *moves;
	size_t n_moves;
	struct strv targets;
	struct strv findings; /* what stands in the way of a failover */
};

struct guest_bond {
	char *name;
	char *mode;           /* as bond_mode_name() gives it, or the driver's own words */
	char *fail_over_mac;  /* "none", "active", "follow" */
	int64_t miimon;       /* ms; 0: off */
	int64_t arp_interval; /* ms; 0: off */
	struct strv arp_ip_targets;
	char *primary;          /* leg's name; NULL: none */
	char *primary_reselect; /* "always", "better", "failure"; NULL without a primary */
	char *active_leg;       /* NULL: none, or a mode without one */
	char *mii_status;       /* "up", "down" */
	struct guest_leg *legs; /* in the order in which they joined */
	size_t n_legs;
	char *proc;                /* /proc/net/bonding/NAME as it was read: evidence */
	struct guest_watch *watch; /* NULL: nobody watches */
};

/* Every interface but lo: NICs, legs, bonds, VLANs. A bond's addresses are found here by its name.
 */
struct guest_interface {
	char *name;
	char *mac;
	char *operstate; /* "up", "down", "unknown" ... (RFC 2863, in lower case) */
	enum tristate carrier;
	int numa_node;
	char *driver;
	char *pci_address;
	char *bond;                /* whose leg it is; NULL: none's */
	struct strv addresses;     /* "172.16.1.10/24", "fe80::1/64" */
	char *gateway4, *gateway6; /* of the default route with the lowest metric */
};

struct guest_cloud_init {
	char *status; /* "not started", "running", "done", "error"; NULL: no cloud-init found */
	struct strv errors; /* its own words, stage in front */
};

struct guest_status {
	char *version; /* of bondd */
	char *hostname;
	int64_t uptime; /* s */
	struct guest_bond *bonds;
	size_t n_bonds;
	struct guest_interface *interfaces;
	size_t n_interfaces;
	struct guest_cloud_init cloud_init;
};

/* By name; NULL: there is none. */
struct guest_bond *guest_status_bond(const struct guest_status *s, const char *name);
struct guest_interface *guest_status_interface(const struct guest_status *s, const char *name);
struct guest_leg *guest_bond_leg(const struct guest_bond *b, const char *name);

/* NULL is fine. */
void guest_watch_free(struct guest_watch *w);
void guest_leg_watch_free(struct guest_leg_watch *w);

void guest_bond_clear(struct guest_bond *b);
void guest_status_clear(struct guest_status *s);

#define cleanup_guest_status __attribute__((__cleanup__(guest_status_clear)))
