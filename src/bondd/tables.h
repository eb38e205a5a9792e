/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's links, addresses and default routes, maintained from its rtnetlink messages. */
#pragma once

#include "net/rtnl.h"

enum { TABLES_LINKS = 1024, TABLES_ADDRESSES = 4096, TABLES_ROUTES = 64 };

struct tables {
	struct rtnl_link *links;
	size_t n_links;
	struct rtnl_addr *addresses;
	size_t n_addresses;
	struct rtnl_route *routes;
	size_t n_routes;
};

enum tables_change {
	TABLES_SAME,
	TABLES_CHANGED,
	TABLES_ROUTES_STALE, /* and routes must be dumped again: the kernel does not report the
				removal of IPv4 routes that are replaced or vanish with their link
				or address */
};

/* Processes one message of the kernel. Entries beyond the tables' size are ignored. */
enum tables_change tables_take(struct tables *t, const struct nlmsghdr *m);

/*
 * Begin and end of a dump: begin marks all entries, messages of the dump clear marks, end removes
 * entries still marked. Routes are dropped at the start and come only from dumps.
 */
void tables_mark_links(struct tables *t);
void tables_mark_addresses(struct tables *t);
void tables_drop_routes(struct tables *t);
void tables_add_route(struct tables *t, const struct nlmsghdr *m);
void tables_sweep(struct tables *t);

/* By index or name; NULL: none. */
const struct rtnl_link *tables_link(const struct tables *t, int index);
const struct rtnl_link *tables_link_named(const struct tables *t, const char *name);

void tables_clear(struct tables *t);
