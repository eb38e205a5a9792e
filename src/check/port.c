// SPDX-License-Identifier: Apache-2.0
#include "check/port.h"

#include "base/str.h"
#include "check/ip.h"
#include "model/model.h"

bool port_is_vf(const struct interface *port)
{
	return port->type == PORT_DIRECT || port->type == PORT_MACVTAP;
}

bool port_is_filtered(const struct interface *port)
{
	return port->type == PORT_VIRTUAL && port->port_security_enabled != TRI_NO;
}

bool port_address(const struct interface *port, size_t i, struct fixed_address *ret)
{
	if (port->ip_address && i-- == 0) {
		*ret = (struct fixed_address){port->ip_address, port->subnet, port->line};
		return true;
	}
	for (size_t k = 0; k < port->n_addresses; k++) {
		const struct address *a = &port->addresses[k];
		if (a->ip_address && i-- == 0) {
			*ret = (struct fixed_address){a->ip_address, a->subnet, a->line};
			return true;
		}
	}
	return false;
}

bool port_owns(const struct interface *port, const struct ip *ip)
{
	struct fixed_address fixed;
	struct ip own;

	for (size_t i = 0; port_address(port, i, &fixed); i++)
		if (ip_parse(fixed.text, &own) && ip_equal(&own, ip))
			return true;
	return false;
}

/* A netmask of a pair is a dotted quad or a length; Neutron takes a whole prefix. */
static bool pair_holds(const struct address_pair *pair, const struct ip *ip)
{
	struct ip net, mask;
	int64_t length;

	if (!pair->ip_address || !ip_parse(pair->ip_address, &net))
		return false;
	if (pair->netmask &&
	    str_to_int(pair->netmask + (pair->netmask[0] == '/'), 0, net.prefix, &length) == 0) {
		net.prefix = (unsigned)length;
	} else if (pair->netmask && ip_parse(pair->netmask, &mask)) {
		net.prefix = 0;
		while (net.prefix < mask.prefix &&
		       mask.bytes[net.prefix / 8] & (0x80u >> net.prefix % 8))
			net.prefix++;
	}
	return ip_in(ip, &net);
}

bool port_allows(const struct interface *port, const struct ip *ip)
{
	if (port_owns(port, ip))
		return true;
	for (size_t i = 0; i < port->n_allowed_address_pairs; i++)
		if (pair_holds(&port->allowed_address_pairs[i], ip))
			return true;
	return false;
}
