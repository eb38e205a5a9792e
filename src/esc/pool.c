// SPDX-License-Identifier: Apache-2.0
/* static_ip_address_pool: which VM's interface has which address. */
#include <arpa/inet.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "esc/internal.h"
#include "model/model.h"

/* The addresses of a pool that are left. */
struct pool_rest {
	int family;
	size_t len;
	unsigned char next[16], end[16];
	bool none;
};

static bool open_pool(const struct address_pool *pool, struct pool_rest *ret)
{
	*ret = (struct pool_rest){0};
	if (!pool->range_start || !pool->range_end)
		return false; /* said already */
	ret->family = strchr(pool->range_start, ':') ? AF_INET6 : AF_INET;
	ret->len = ret->family == AF_INET ? 4 : 16;
	return inet_pton(ret->family, pool->range_start, ret->next) == 1 &&
	       inet_pton(ret->family, pool->range_end, ret->end) == 1 &&
	       memcmp(ret->next, ret->end, ret->len) <= 0;
}

static bool is_taken(const struct vm_group *group, const struct pool_rest *rest)
{
	unsigned char own[16];

	for (size_t i = 0; i < group->n_interfaces; i++) {
		const char *text = group->interfaces[i].ip_address;
		if (text && inet_pton(rest->family, text, own) == 1 &&
		    memcmp(own, rest->next, rest->len) == 0)
			return true;
		for (size_t k = 0; k < group->interfaces[i].n_addresses; k++) {
			text = group->interfaces[i].addresses[k].ip_address;
			if (text && inet_pton(rest->family, text, own) == 1 &&
			    memcmp(own, rest->next, rest->len) == 0)
				return true;
		}
	}
	return false;
}

/* The next that no interface has as its own; NULL: the pool is used up. The caller frees. */
static char *next_of_pool(const struct vm_group *group, struct pool_rest *rest)
{
	char text[INET6_ADDRSTRLEN];
	char *ret = NULL;

	while (!rest->none && !ret) {
		if (!is_taken(group, rest))
			ret = xstrdup(inet_ntop(rest->family, rest->next, text, sizeof(text)));
		rest->none = memcmp(rest->next, rest->end, rest->len) == 0;
		for (size_t i = rest->len; i > 0 && ++rest->next[i - 1] == 0;)
			i--;
	}
	return ret;
}

void pool_share_out(struct vm_group *group, const struct address_pool *pool)
{
	struct pool_rest rest;

	if (!open_pool(pool, &rest))
		return;
	for (unsigned vm = 0; vm < group->scaling.min_active; vm++)
		for (size_t i = 0; i < group->n_interfaces; i++) {
			struct interface *interface = &group->interfaces[i];
			if (!streq(interface->network, pool->network) ||
			    interface_address(interface, vm))
				continue;
			char *address = next_of_pool(group, &rest);
			if (!address)
				return;
			*array_push(interface->pool_addresses, interface->n_pool_addresses) =
				address;
		}
}
