// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include "net/ip.h"

static void add_pool(json_t *pools, const struct ip_addr *first, const struct ip_addr *last)
{
	char start[IP_TEXT_SIZE], end[IP_TEXT_SIZE];

	if (ip_compare(first, last) <= 0)
		json_array_append_new(pools,
				      json_pack("{s:s, s:s}", "start", ip_format(first, start),
						"end", ip_format(last, end)));
}

json_t *allocation_pools(const char *address, unsigned prefix, const char *gateway)
{
	struct ip_prefix net = {.len = prefix};
	struct ip_addr gate;

	if (!ip_parse(address, &net.addr) || !ip_parse(gateway, &gate) ||
	    gate.version != net.addr.version || prefix > 8 * ip_size(&gate))
		return NULL;
	struct ip_addr first = net.addr, last = ip_prefix_last(&net);
	json_t *pools = json_array();

	if (!ip_add(&first, 1) || (gate.version == 4 && !ip_add(&last, -1)))
		return pools;
	if (ip_compare(&gate, &first) < 0 || ip_compare(&gate, &last) > 0) {
		add_pool(pools, &first, &last);
		return pools;
	}
	struct ip_addr before = gate, after = gate;
	if (ip_add(&before, -1))
		add_pool(pools, &first, &before);
	if (ip_add(&after, 1))
		add_pool(pools, &after, &last);
	return pools;
}
