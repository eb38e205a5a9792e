/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announces the bond's addresses to the network after a move (gratuitous ARP, unsolicited neighbour
 * advertisements). The kernel does so too, but only for the addresses of the bond and its VLANs,
 * and it repeats them at its monitoring interval or not at all. Here the repetitions have their own
 * schedule.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame;
struct rtnl_link;
struct mac_addr;
struct tables;

struct announcements {
	int64_t start; /* us */
	unsigned left; /* rounds */
};

/* Starts a schedule; the first round is due at once. */
void announce_start(struct announcements *a, int64_t now);

/* When the next round is due (us); INT64_MAX: none. */
int64_t announce_at(const struct announcements *a);

/* Counts the due round as sent, including earlier rounds that were missed. */
bool announce_due(struct announcements *a, int64_t now);

/*
 * Calls send with a frame from mac for each address of the bond, its VLANs and, if loopback is set,
 * lo (except 127.0.0.0/8 and ::1). Returns the number of frames.
 */
size_t announce_frames(const struct tables *tables, const struct rtnl_link *bond,
		       const struct mac_addr *mac, bool loopback,
		       void (*send)(void *data, const struct frame *frame), void *data);
