/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches the guest's interfaces to ports of the descriptor. Neither file states the mapping, so in
 * this order:
 *  1. an interface bound to a MAC address is the port with that mac_address;
 *  2. a NIC with a static address is the port that has this address;
 *  3. bond legs, in the order of the day-0 file, are the remaining non-virtual ports, by nicid; if
 *     the group has virtual ports only, the remaining ports;
 *  4. named NICs, in the order of the day-0 file, are the remaining virtual ports, by nicid.
 *     (A NIC without a name is a connection of the image that day-0 modifies.)
 * An interface stays unmatched if the group has fewer ports than the guest expects. Steps 3 and 4
 * need to know all of them: they are left out for a guest that is known in part, 3 also for a bond
 * with unknown legs.
 */
#pragma once

#include <stddef.h>

struct bond;
struct bond_leg;
struct guest_nic;
struct interface;
struct vm_group;

struct leg_match {
	const struct bond *bond;
	const struct bond_leg *leg;
	const struct interface *port; /* or NULL */
};

struct nic_match {
	const struct guest_nic *nic;
	const struct interface *port; /* or NULL */
};

struct guest_match {
	struct leg_match *legs; /* bond by bond */
	size_t n_legs;
	struct nic_match *nics;
	size_t n_nics;
};

/* The result points into the group, which must outlive it. */
void guest_match(const struct vm_group *group, struct guest_match *ret);
void guest_match_clear(struct guest_match *m);

/* The bond of which the port is a leg, or NULL. */
const struct bond *guest_match_bond(const struct guest_match *m, const struct interface *port);

/* The bond's leg that is the port with that nicid, or NULL. */
const struct bond_leg *guest_match_nicid(const struct guest_match *m, const struct bond *bond,
					 unsigned nicid);

/* The port of leg number i of the bond, or NULL. */
const struct interface *guest_match_leg(const struct guest_match *m, const struct bond *bond,
					size_t i);
