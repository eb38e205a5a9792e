/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the network where the bond's addresses are after a move. The kernel does so too, but for
 * the addresses of the bond and its VLANs only, and it repeats them on its monitor's tick or not at
 * all: here each move has a schedule of its own.
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

/* The first round is due at once. */
void announce_start(struct announcements *a, int64_t now);

/* When the next round is due (us); INT64_MAX: there is none. */
int64_t announce_at(const struct announcements *a);

/* A round is due; it counts as done, and so do those before it that nobody sent in time. */
bool announce_due(struct announcements *a, int64_t now);

/*
 * Calls send for a frame from mac for each address of the bond, its VLANs and, if loopback, lo
 * (neither 127.0.0.0/8 nor ::1). Returns their number.
 */
size_t announce_frames(const struct tables *tables, const struct rtnl_link *bond,
		       const struct mac_addr *mac, bool loopback,
		       void (*send)(void *data, const struct frame *frame), void *data);
