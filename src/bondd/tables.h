/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the kernel's links, addresses and default routes, kept by its messages. */
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
	TABLES_ROUTES_STALE, /* and routes are to be dumped again: IPv4 ones that go with their link
			      * or address, or are replaced, are not reported as gone */
};

/* Takes one message of the kernel's in. What exceeds the tables is left out. */
enum tables_change tables_take(struct tables *t, const struct nlmsghdr *m);

/*
 * Around a dump: everything is marked, the dump's messages are taken in, and what none of them
 * named goes. Routes are dropped at the start and come only by the dump.
 */
void tables_mark_links(struct tables *t);
void tables_mark_addresses(struct tables *t);
void tables_drop_routes(struct tables *t);
void tables_add_route(struct tables *t, const struct nlmsghdr *m);
void tables_sweep(struct tables *t);

/* By index or name; NULL: there is none. */
const struct rtnl_link *tables_link(const struct tables *t, int index);
const struct rtnl_link *tables_link_named(const struct tables *t, const char *name);

void tables_clear(struct tables *t);
