/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which port of a server answers for an address, by the neighbour table of the deployment's network
 * namespace, or of this machine if it is on the segment. Needs nothing in the guest.
 */
#pragma once

#include <stdbool.h>

#include "net/mac.h"

struct bond;
struct err;
struct vim;
struct vim_port_info;
struct vim_server_info;

struct neighbour {
	char mac[MAC_TEXT_SIZE];          /* that answers for the address */
	const struct vim_port_info *port; /* of the server; NULL: the legs may share the MAC */
	bool forwarded; /* known by where the bridges learned the MAC, not by whose it is */
};

/*
 * server: read with VIM_LOOK_ALL; bond: of day-0, or NULL. Legs that may share one MAC are
 * distinguished by the bridges' forwarding tables, which only the embedded VIM has. If the address
 * is not in the neighbour table, sends an echo request and waits at most timeout_ms.
 *
 * -ENONET: this machine is not on the address's segment; -ETIMEDOUT: it is, but nothing answers;
 * -ENODEV: the MAC that answers belongs to no port of the server.
 */
int neighbour_find(struct vim *vim, const struct vim_server_info *server, const struct bond *bond,
		   const char *address, unsigned timeout_ms, struct neighbour *ret,
		   struct err *err);
