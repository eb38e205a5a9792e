// SPDX-License-Identifier: Apache-2.0
#include "check/port.h"

#include "base/alloc.h"
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

bool port_owns(const struct interface *port, const struct ip_addr *ip)
{
	struct fixed_address fixed;
	struct ip_addr own;

	for (size_t i = 0; port_address(port, i, &fixed); i++)
		if (ip_parse(fixed.text, &own) && ip_equal(&own, ip))
			return true;
	return false;
}

/* A pair without a netmask is an address or a whole prefix, as Neutron takes it. */
static bool pair_holds(const struct address_pair *pair, const struct ip_addr *ip)
{
	struct ip_prefix net;
	int len;

	if (!ip_prefix_parse(pair->ip_address, &net))
		return false;
	len = pair->netmask ? ip_netmask_parse(pair->netmask, net.addr.version) : -1;
	if (len >= 0)
		net.len = (unsigned)len;
	return ip_prefix_contains(&net, ip);
}

bool port_allows(const struct interface *port, const struct ip_addr *ip)
{
	if (port_owns(port, ip))
		return true;
	return array_find(port->allowed_address_pairs, port->n_allowed_address_pairs,
			  pair_holds(it, ip)) != NULL;
}
