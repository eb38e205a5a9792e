// SPDX-License-Identifier: Apache-2.0
/* static_ip_address_pool: which VM's interface has which address. */
#include "base/str.h"
#include "esc/internal.h"
#include "model/model.h"
#include "net/ip.h"

static bool is_taken(const struct vm_group *group, const struct ip_addr *ip)
{
	struct ip_addr own;

	for (size_t i = 0; i < group->n_interfaces; i++) {
		const struct interface *interface = &group->interfaces[i];
		if (ip_parse(interface->ip_address, &own) && ip_equal(&own, ip))
			return true;
		for (size_t k = 0; k < interface->n_addresses; k++)
			if (ip_parse(interface->addresses[k].ip_address, &own) &&
			    ip_equal(&own, ip))
				return true;
	}
	return false;
}

/* Takes the next address that no interface has from *rest; NULL if the pool is exhausted. */
static char *next_of_pool(const struct vm_group *group, struct ip_range *rest)
{
	while (ip_compare(&rest->first, &rest->last) <= 0) {
		struct ip_addr ip = rest->first;

		if (!ip_add(&rest->first, 1))
			*rest = (struct ip_range){.first.version = 6}; /* none is left */
		if (!is_taken(group, &ip))
			return ip_to_str(&ip);
	}
	return NULL;
}

void pool_share_out(struct vm_group *group, const struct address_pool *pool)
{
	struct ip_range rest;

	if (!ip_range_parse(pool->range_start, pool->range_end, &rest))
		return; /* reported already */
	for (unsigned vm = 0; vm < group->scaling.min_active; vm++)
		for (size_t i = 0; i < group->n_interfaces; i++) {
			struct interface *interface = &group->interfaces[i];
			if (!streq(interface->network, pool->network) ||
			    interface_address(interface, vm))
				continue;
			char *address = next_of_pool(group, &rest);
			if (!address)
				return;
			strv_take(&interface->pool_addresses, address);
		}
}
