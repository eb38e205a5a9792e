/* SPDX-License-Identifier: Apache-2.0 */
/* Queries about one port of the descriptor: type and addresses. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct interface;
struct ip_addr;

/* A VF (direct or macvtap): the host sets its MAC, Neutron's agent its link state. */
bool port_is_vf(const struct interface *port);
/* A virtual port with port security: Neutron drops packets from other addresses. */
bool port_is_filtered(const struct interface *port);

struct fixed_address {
	const char *text;
	const char *subnet; /* or NULL */
	unsigned line;
};

/* Gets fixed address number i of the port. False past the last. */
bool port_address(const struct interface *port, size_t i, struct fixed_address *ret);
bool port_owns(const struct interface *port, const struct ip_addr *ip); /* as a fixed address */
bool port_allows(const struct interface *port,
		 const struct ip_addr *ip); /* or as an allowed pair */
