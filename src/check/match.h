/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which port of the descriptor is which interface of the guest. Neither file says so outright, so:
 *  1. an interface of the guest that is bound to a MAC address is the port with that mac_address;
 *  2. a NIC with a static address is the port that owns this address;
 *  3. the legs of bonds are, in the order of the day-0 file, the ports that are left of a type
 * other than virtual, by nicid; where there is no such port at all, the virtual ones that are left;
 *  4. the NICs that have a name (a connection of the image that is changed has none here) are, in
 *     the order of the day-0 file, the virtual ports that are left, by nicid.
 * What finds no port has none: there are fewer ports than the guest expects.
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

/* All point into the group, which must outlive *ret. */
void guest_match(const struct vm_group *group, struct guest_match *ret);
void guest_match_clear(struct guest_match *m);

/* The bond that the port is a leg of, or NULL. */
const struct bond *guest_match_bond(const struct guest_match *m, const struct interface *port);

/* The port of leg number i of the bond, or NULL. */
const struct interface *guest_match_leg(const struct guest_match *m, const struct bond *bond,
					size_t i);
