// SPDX-License-Identifier: Apache-2.0
#include "bondd/tables.h"

#include <linux/rtnetlink.h>

#include "base/alloc.h"
#include "base/str.h"

static struct rtnl_link *find_link(const struct tables *t, int index)
{
	return array_find(t->links, t->n_links, it->index == index);
}

static struct rtnl_addr *find_address(const struct tables *t, const struct rtnl_addr *like)
{
	return array_find(t->addresses, t->n_addresses,
			  it->index == like->index &&
				  ip_equal(&it->prefix.addr, &like->prefix.addr));
}

static enum tables_change take_link(struct tables *t, const struct nlmsghdr *m)
{
	struct rtnl_link l, *old;

	if (!rtnl_read_link(m, &l))
		return TABLES_SAME;
	old = find_link(t, l.index);
	if (m->nlmsg_type == RTM_DELLINK) {
		if (!old)
			return TABLES_SAME;
		*old = t->links[--t->n_links];
		return TABLES_ROUTES_STALE;
	}
	l.seen = true;

	bool went_down = old && old->carrier != TRI_UNKNOWN && l.carrier == TRI_UNKNOWN;
	if (!old && t->n_links < TABLES_LINKS)
		old = array_push(t->links, t->n_links);
	if (!old)
		return TABLES_SAME;
	*old = l;
	return went_down ? TABLES_ROUTES_STALE : TABLES_CHANGED;
}

static enum tables_change take_address(struct tables *t, const struct nlmsghdr *m)
{
	struct rtnl_addr a, *old;

	if (!rtnl_read_addr(m, &a))
		return TABLES_SAME;
	old = find_address(t, &a);
	if (m->nlmsg_type == RTM_DELADDR) {
		if (!old)
			return TABLES_SAME;
		*old = t->addresses[--t->n_addresses];
		return TABLES_ROUTES_STALE;
	}
	a.seen = true;
	if (!old && t->n_addresses < TABLES_ADDRESSES)
		old = array_push(t->addresses, t->n_addresses);
	if (old)
		*old = a;
	return old ? TABLES_CHANGED : TABLES_SAME;
}

enum tables_change tables_take(struct tables *t, const struct nlmsghdr *m)
{
	switch (m->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(t, m);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return take_address(t, m);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return rtnl_is_default(m) ? TABLES_ROUTES_STALE : TABLES_SAME;
	default:
		return TABLES_SAME;
	}
}

void tables_mark_links(struct tables *t)
{
	for (size_t i = 0; i < t->n_links; i++)
		t->links[i].seen = false;
}

void tables_mark_addresses(struct tables *t)
{
	for (size_t i = 0; i < t->n_addresses; i++)
		t->addresses[i].seen = false;
}

void tables_drop_routes(struct tables *t)
{
	t->n_routes = 0;
}

void tables_add_route(struct tables *t, const struct nlmsghdr *m)
{
	struct rtnl_route hops[TABLES_ROUTES];
	size_t n = rtnl_read_default(m, hops, TABLES_ROUTES - t->n_routes);

	for (size_t i = 0; i < n; i++)
		*array_push(t->routes, t->n_routes) = hops[i];
}

void tables_sweep(struct tables *t)
{
	size_t links = 0, addresses = 0;

	for (size_t i = 0; i < t->n_links; i++)
		if (t->links[i].seen)
			t->links[links++] = t->links[i];
	for (size_t i = 0; i < t->n_addresses; i++)
		if (t->addresses[i].seen)
			t->addresses[addresses++] = t->addresses[i];
	t->n_links = links;
	t->n_addresses = addresses;
}

const struct rtnl_link *tables_link(const struct tables *t, int index)
{
	return find_link(t, index);
}

const struct rtnl_link *tables_link_named(const struct tables *t, const char *name)
{
	return array_find(t->links, t->n_links, streq(it->name, name));
}

void tables_clear(struct tables *t)
{
	free_all(t->links, t->addresses, t->routes);
	*t = (struct tables){0};
}
