/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's report of its network: read by bondd in the guest, transferred as JSON (doc/bondd.md),
 * evaluated by verify and drill. Unknown values are NULL for strings and -1 for numbers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/tristate.h"

/* Upper bounds of the round-trip buckets, in us; the last bucket holds all above. */
#define GUEST_ROUND_TRIP_BOUNDS 250, 500, 1000, 2000, 5000, 10000, 20000, 40000, 80000, 160000
enum { GUEST_ROUND_TRIPS = 11 };

/* State of a leg's path by bondd's probes. */
struct guest_leg_watch {
	enum tristate probed;         /* TRI_NO if only the active leg is probed */
	char *path;                   /* "proven", "answers", "lossy", "doubted", "silent" */
	int64_t sent, answered, lost; /* probe counts; lost: of the last 16 to each target */
	int64_t excess, other_mac;    /* answers not counted: too many; of another MAC */
	int64_t round_trip_sum_us;
	int64_t round_trips[GUEST_ROUND_TRIPS]; /* probes per bucket */
};

/* A leg of a bond (the kernel's slave). */
struct guest_leg {
	char *name;
	char *mac;             /* current MAC; lower case, colons */
	char *permanent_mac;   /* permanent MAC, outside the bond */
	enum tristate carrier; /* unknown while the interface is down */
	char *mii_status;      /* bond's link state: "up", "going down", "down", "going back" */
	int64_t speed;         /* Mbit/s */
	int64_t link_failures;
	int numa_node;                 /* node of the NIC, a guest node */
	char *driver;                  /* "igb", "virtio_net" ... */
	char *pci_address;             /* "0000:41:00.0" */
	struct guest_leg_watch *watch; /* NULL if no monitor runs */
};

struct guest_moves {
	char *cause; /* "carrier", "silent", "lossy", "forged", "return"; "other": not by bondd */
	int64_t count;
};

/* State of bondd's monitor of a bond. */
struct guest_watch {
	char *state;       /* "healthy", "targets-gone" ...: doc/bondd.md */
	char *sentence;    /* its last message; NULL if there is none */
	int64_t said_at;   /* s since 1970 */
	int64_t outage_us; /* of the last move off a failed leg, from its first lost probe */
	int64_t interval_ms;
	int64_t announced; /* frames */
	int64_t bursts;    /* of probes, because an answer was late */
	struct guest_moves *moves;
	size_t n_moves;
	struct strv targets;
	struct strv findings; /* what prevents a failover */
};

struct guest_bond {
	char *name;
	char *mode;           /* as bond_mode_name(), or the driver's own text */
	char *fail_over_mac;  /* "none", "active", "follow" */
	int64_t miimon;       /* ms; 0 if off */
	int64_t arp_interval; /* ms; 0 if off */
	struct strv arp_ip_targets;
	char *primary;          /* name of a leg; NULL if unset */
	char *primary_reselect; /* "always", "better", "failure"; NULL without a primary */
	char *active_leg;       /* NULL if there is none, or the mode has none */
	char *mii_status;       /* "up", "down" */
	struct guest_leg *legs; /* in the order in which they joined */
	size_t n_legs;
	char *proc;                /* text of /proc/net/bonding/NAME, as evidence */
	struct guest_watch *watch; /* NULL if no monitor runs */
};

/* Every interface but lo: NICs, legs, bonds, VLANs. A bond's addresses are in the entry of its
 * name. */
struct guest_interface {
	char *name;
	char *mac;
	char *operstate; /* "up", "down", "unknown" ... (RFC 2863, in lower case) */
	enum tristate carrier;
	int numa_node;
	char *driver;
	char *pci_address;
	char *bond;                /* its bond; NULL if it is not a leg */
	struct strv addresses;     /* "172.16.1.10/24", "fe80::1/64" */
	char *gateway4, *gateway6; /* of the default route with the lowest metric */
};

struct guest_cloud_init {
	char *status;       /* "not started", "running", "done", "error"; NULL without cloud-init */
	struct strv errors; /* cloud-init's message, with its stage */
};

struct guest_status {
	char *version; /* version of bondd */
	char *hostname;
	int64_t uptime; /* s */
	struct guest_bond *bonds;
	size_t n_bonds;
	struct guest_interface *interfaces;
	size_t n_interfaces;
	struct guest_cloud_init cloud_init;
};

/* The bond or interface of that name, or NULL. */
struct guest_bond *guest_status_bond(const struct guest_status *s, const char *name);
struct guest_interface *guest_status_interface(const struct guest_status *s, const char *name);
struct guest_leg *guest_bond_leg(const struct guest_bond *b, const char *name);

void guest_bond_clear(struct guest_bond *b);
void guest_status_clear(struct guest_status *s);

#define cleanup_guest_status __attribute__((__cleanup__(guest_status_clear)))
