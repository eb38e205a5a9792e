// SPDX-License-Identifier: Apache-2.0
#include "bondd/leg.h"

#include "bondd/tables.h"

/* The link is the bond or a VLAN on it. */
static bool is_on(const struct rtnl_link *link, const struct rtnl_link *bond)
{
	return link && (link->index == bond->index ||
			(link->is_vlan && link->parent == bond->index && link->vlan));
}

/* By the longest prefix, as in the kernel's routing. */
static unsigned vlan_of(const struct tables *t, const struct rtnl_link *bond,
			const struct ip_addr *ip)
{
	const struct rtnl_addr *best = NULL;

	for (size_t i = 0; i < t->n_addresses; i++) {
		const struct rtnl_addr *a = &t->addresses[i];
		if (is_on(tables_link(t, a->index), bond) && ip_prefix_contains(&a->prefix, ip) &&
		    (!best || a->prefix.len > best->prefix.len))
			best = a;
	}
	const struct rtnl_link *link = best ? tables_link(t, best->index) : NULL;
	return link && link->is_vlan ? link->vlan : 0;
}

static const struct rtnl_route *gateway(const struct tables *t, const struct rtnl_link *bond,
					int version)
{
	const struct rtnl_route *best = NULL;

	for (size_t i = 0; i < t->n_routes; i++) {
		const struct rtnl_route *r = &t->routes[i];
		if (r->gateway.version == version && is_on(tables_link(t, r->index), bond) &&
		    (!best || r->metric < best->metric))
			best = r;
	}
	return best;
}

void targets_find(const struct tables *tables, const struct rtnl_link *bond,
		  const struct conf *conf, struct targets *ret_targets)
{
	struct targets found = {0};

	for (size_t i = 0; i < conf->n_targets; i++)
		found.v[found.n++] = (struct target){
			.ip = conf->targets[i],
			.vlan = vlan_of(tables, bond, &conf->targets[i]),
		};
	if (conf->n_targets == 0) {
		const struct rtnl_route *r = gateway(tables, bond, 4);
		if (!r)
			r = gateway(tables, bond, 6);
		if (r) {
			const struct rtnl_link *link = tables_link(tables, r->index);
			found.v[found.n++] = (struct target){
				.ip = r->gateway,
				.vlan = link->is_vlan ? link->vlan : 0,
			};
		}
	}
	*ret_targets = found;
}
