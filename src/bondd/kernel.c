// SPDX-License-Identifier: Apache-2.0
#include "bondd/kernel.h"

#include <linux/rtnetlink.h>

#include "base/alloc.h"
#include "base/err.h"
#include "bondd/tables.h"
#include "net/netlink.h"
#include "net/rtnl.h"

struct kernel {
	struct netlink *notifications;
	struct netlink *requests;
};

static void begin_links(void *tables)
{
	tables_mark_links(tables);
}

static void begin_addresses(void *tables)
{
	tables_mark_addresses(tables);
}

static void begin_routes(void *tables)
{
	tables_drop_routes(tables);
}

static void take_into_tables(void *tables, const struct nlmsghdr *m)
{
	(void)tables_take(tables, m);
}

static void take_route(void *tables, const struct nlmsghdr *m)
{
	tables_add_route(tables, m);
}

static int dump_routes(struct kernel *k, struct tables *t, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	return netlink_dump(k->requests, rtnl_put_dump(buf, RTM_GETROUTE, 0), begin_routes,
			    take_route, t, err);
}

static int dump_all(struct kernel *k, struct tables *t, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	int r = netlink_dump(k->requests, rtnl_put_dump(buf, RTM_GETLINK, RTEXT_FILTER_SKIP_STATS),
			     begin_links, take_into_tables, t, err);

	if (r == 0)
		r = netlink_dump(k->requests, rtnl_put_dump(buf, RTM_GETADDR, 0), begin_addresses,
				 take_into_tables, t, err);
	if (r == 0)
		r = dump_routes(k, t, err);
	if (r < 0)
		return err_wrap(err, "cannot list links, addresses and routes");
	tables_sweep(t);
	return 0;
}

int kernel_open(struct tables *tables, struct kernel **ret_kernel, struct err *err)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	struct kernel *k = xcalloc(1, sizeof(*k));
	int r = netlink_open(NETLINK_ROUTE, &k->notifications, err);

	if (r == 0)
		r = netlink_open(NETLINK_ROUTE, &k->requests, err);
	if (r == 0)
		r = netlink_subscribe(k->notifications, groups, ARRAY_SIZE(groups), err);
	if (r == 0)
		r = dump_all(k, tables, err);
	if (r < 0) {
		kernel_close(k);
		return r;
	}
	*ret_kernel = k;
	return 0;
}

int kernel_fd(const struct kernel *k)
{
	return netlink_fd(k->notifications);
}

struct heard {
	struct tables *tables;
	bool changed, stale_routes;
};

static void take_notification(void *data, const struct nlmsghdr *m)
{
	struct heard *h = data;
	enum tables_change change = tables_take(h->tables, m);

	h->changed |= change != TABLES_SAME;
	h->stale_routes |= change == TABLES_ROUTES_STALE;
}

int kernel_hear(struct kernel *k, struct tables *tables, bool *ret_changed, struct err *err)
{
	struct heard h = {.tables = tables};
	bool lost;
	int r = netlink_hear(k->notifications, take_notification, &h, &lost, err);

	if (r == 0 && lost)
		r = dump_all(k, tables, err);
	else if (r == 0 && h.stale_routes)
		r = dump_routes(k, tables, err);
	if (r < 0)
		return r;
	*ret_changed = h.changed || lost;
	return 0;
}

static void take_active(void *active, const struct nlmsghdr *m)
{
	struct rtnl_link l;

	if (rtnl_read_link(m, &l))
		*(int *)active = l.bond.active;
}

int kernel_set_active(struct kernel *k, int bond, int leg, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	int active = 0;
	int r = netlink_request(k->requests, rtnl_put_bond_active(buf, bond, leg), NULL, NULL, err);

	if (r < 0)
		return r;
	r = netlink_request(k->requests, rtnl_put_link(buf, RTM_GETLINK, 0, bond, NULL),
			    take_active, &active, err);
	if (r < 0)
		return err_wrap(err, "cannot read back the active leg");
	if (active != leg)
		return err_code(err, BUSY, EAGAIN, "the kernel kept the active leg");
	return 0;
}

struct vfs {
	struct rtnl_vf *v;
	size_t n;
};

static void take_vfs(void *data, const struct nlmsghdr *m)
{
	struct vfs *vfs = data;

	vfs->n = rtnl_read_vfs(m, vfs->v, RTNL_VFS_MAX);
}

int kernel_read_vfs(struct kernel *k, int pf, struct rtnl_vf *v, size_t *ret_n, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	struct vfs vfs = {.v = v};
	int r = netlink_request(k->requests, rtnl_put_get_vfs(buf, pf), take_vfs, &vfs, err);

	if (r < 0)
		return r;
	*ret_n = vfs.n;
	return 0;
}

int kernel_set_vf_link_state(struct kernel *k, int pf, unsigned vf, enum vf_link_state state,
			     struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	return netlink_request(k->requests, rtnl_put_vf_link_state(buf, pf, vf, state), NULL, NULL,
			       err);
}

int kernel_set_up(struct kernel *k, const char *name, bool up, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	return netlink_request(k->requests, rtnl_put_up(buf, name, up), NULL, NULL, err);
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	netlink_close(k->notifications);
	netlink_close(k->requests);
	free(k);
}
