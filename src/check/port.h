/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one port of the descriptor: its kind and its addresses. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct interface;
struct ip_addr;

/* A VF, direct or behind macvtap: its MAC is set by the host, its link state by Neutron's agent. */
bool port_is_vf(const struct interface *port);
/* A virtual port whose traffic Neutron filters by its addresses. */
bool port_is_filtered(const struct interface *port);

struct fixed_address {
	const char *text;
	const char *subnet; /* or NULL */
	unsigned line;
};

/* Fixed address number i of the port; false past the last. */
bool port_address(const struct interface *port, size_t i, struct fixed_address *ret);
bool port_owns(const struct interface *port, const struct ip_addr *ip); /* as a fixed address */
bool port_allows(const struct interface *port,
		 const struct ip_addr *ip); /* or as an allowed pair */
