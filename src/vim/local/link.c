// SPDX-License-Identifier: Apache-2.0
#include "vim/local/link.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "net/netlink.h"
#include "vim/local/netns.h"

#define ALIAS_MAX 255 /* IFALIASZ without the NUL */

void netdev_list_clear(struct netdev_list *list)
{
	free(list->v);
	*list = (struct netdev_list){0};
}

static void begin_list(void *list)
{
	netdev_list_clear(list);
}

/* A request in the namespace; dump: repeated while links change. */
static int talk(int ns, struct nlmsghdr *m, bool dump, netlink_take *take, void *data,
		struct err *err)
{
	cleanup_netlink struct netlink *nl = NULL;
	int r = netns_netlink(ns, NETLINK_ROUTE, &nl, err);

	if (r < 0)
		return r;
	return netns_hint(err, dump ? netlink_dump(nl, m, begin_list, take, data, err)
				    : netlink_request(nl, m, take, data, err));
}

static void read_link(void *data, const struct nlmsghdr *m)
{
	struct netdev_list *list = data;
	struct rtnl_link link;

	if (rtnl_read_link(m, &link))
		*array_push(list->v, list->n) = link;
}

int link_list(int ns, struct netdev_list *ret_list, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_netdev_list struct netdev_list list = {0};

	if (talk(ns, rtnl_put_dump(buf, RTM_GETLINK, RTEXT_FILTER_SKIP_STATS), true, read_link,
		 &list, err) < 0)
		return err_wrap(err, "cannot list the links");
	*ret_list = steal(list);
	return 0;
}

static void take_link(void *link, const struct nlmsghdr *m)
{
	(void)rtnl_read_link(m, link);
}

/* -ENODEV when there is none. */
static int find_link(int ns, const char *name, struct rtnl_link *ret_link, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	struct rtnl_link link = {0};
	int r = talk(ns, rtnl_put_link(buf, RTM_GETLINK, 0, 0, name), false, take_link, &link, err);

	if (r == 0 && link.index == 0)
		r = err_code(err, NOT_FOUND, ENODEV, "link not found");
	if (r == 0)
		*ret_link = link;
	return r;
}

static int check_name(const char *name, struct err *err)
{
	if (!*name || strlen(name) >= LINK_NAME_SIZE)
		return err_set(err, INVALID, "link name \"%s\": must have from 1 to %d characters",
			       name, LINK_NAME_SIZE - 1);
	return 0;
}

void link_name(const char *prefix, const char *text, char *ret)
{
	static const char fit[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	cleanup_free char *whole = xasprintf("%s%s", prefix, text);
	size_t len = strlen(whole);
	unsigned hash = hash64(whole, len) & 0xffffff;

	if (len > 0 && len < LINK_NAME_SIZE && strspn(whole, fit) == len && !streq(whole, ".") &&
	    !streq(whole, "..")) {
		memcpy(ret, whole, len + 1);
		return;
	}
	for (char *p = whole; *p; p++)
		if (!strchr(fit, *p))
			*p = '_';
	snprintf(ret, LINK_NAME_SIZE, "%.8s~%06x", whole, hash);
}

static int set_alias(int ns, const char *name, const char *alias, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	if (!alias)
		return 0;
	if (strlen(alias) > ALIAS_MAX)
		return err_code(err, INVALID, ENAMETOOLONG,
				"the mark of link %s is longer than %d bytes: %s", name, ALIAS_MAX,
				alias);

	struct nlmsghdr *nlh = rtnl_put_link(buf, RTM_SETLINK, 0, 0, name);

	mnl_attr_put_str(nlh, IFLA_IFALIAS, alias);
	if (talk(ns, nlh, false, NULL, NULL, err) < 0)
		return err_wrap(err, "cannot mark link %s", name);
	return 0;
}

/* A link with the name of a new one: used if it has the same kind. */
static int check_kind(int ns, const char *name, const char *kind, struct err *err)
{
	struct rtnl_link link = {0};
	int r = find_link(ns, name, &link, err);

	if (r < 0)
		return err_wrap(err, "link %s", name);
	if (!streq(link.kind, kind))
		return err_code(err, REFUSED, EEXIST,
				"link \"%s\" must be a %s but is a %s: delete it", name, kind,
				*link.kind ? link.kind : "device");
	return 0;
}

int link_bridge_create(int ns, const char *name, const char *alias, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r < 0)
		return r;

	/* A bridge without an address of its own uses the lowest MAC of its ports and changes it
	 * with them, so the MAC of the guest's gateway would change. */
	uint64_t hash = hash64(name, strlen(name));
	struct mac_addr mac = {{0x02}};

	memcpy(mac.bytes + 1, &hash, 5);
	r = talk(ns, rtnl_put_bridge(buf, name, &mac), false, NULL, NULL, &refused);
	if (r == -EEXIST)
		r = check_kind(ns, name, "bridge", err);
	else if (r < 0)
		return err_pass(err, &refused, "cannot create bridge \"%s\"", name);
	return r < 0 ? r : set_alias(ns, name, alias, err);
}

int link_veth_create(int ns, const char *name, const char *peer, const char *alias, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r == 0)
		r = check_name(peer, err);
	if (r < 0)
		return r;

	r = talk(ns, rtnl_put_veth(buf, name, peer), false, NULL, NULL, &refused);
	if (r == -EEXIST) {
		r = check_kind(ns, name, "veth", err);
		if (r == 0)
			r = check_kind(ns, peer, "veth", err);
	} else if (r < 0) {
		return err_pass(err, &refused, "cannot create veth pair \"%s\", \"%s\"", name,
				peer);
	}
	if (r == 0)
		r = set_alias(ns, name, alias, err);
	return r < 0 ? r : set_alias(ns, peer, alias, err);
}

static int make_tap(void *data, struct err *err)
{
	const char *name = data;
	struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	memcpy(req.ifr_name, name, strlen(name) + 1);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_errno(err, errno, "cannot open /dev/net/tun (run modprobe tun)");
	if (fd < 0)
		return netns_err(err, errno, "cannot open /dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &req) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0)
		return netns_err(err, errno, "cannot create tap %s", name);
	return 0;
}

int link_tap_create(int ns, const char *name, const char *alias, struct err *err)
{
	cleanup_err struct err none = ERR_INIT;
	cleanup_free char *copy = xstrdup(name);
	struct rtnl_link link = {0};
	int r = check_name(name, err);

	if (r < 0)
		return r;
	/* Checked first: opening a tap that QEMU has open fails with EBUSY. */
	r = find_link(ns, name, &link, &none);
	if (r == 0)
		r = check_kind(ns, name, "tun", err);
	else if (r == -ENODEV)
		r = netns_run(ns, make_tap, copy, err);
	else
		return err_pass(err, &none, "tap \"%s\"", name);
	return r < 0 ? r : set_alias(ns, name, alias, err);
}

int link_set_master(int ns, const char *name, const char *master, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	struct rtnl_link bridge = {0};

	if (master && find_link(ns, master, &bridge, err) < 0)
		return err_wrap(err, "cannot add %s to bridge %s", name, master);

	struct nlmsghdr *nlh = rtnl_put_link(buf, RTM_SETLINK, 0, 0, name);

	mnl_attr_put_u32(nlh, IFLA_MASTER, (uint32_t)bridge.index);
	if (talk(ns, nlh, false, NULL, NULL, err) < 0)
		return master ? err_wrap(err, "cannot add %s to bridge %s", name, master)
			      : err_wrap(err, "cannot remove %s from its bridge", name);
	return 0;
}

int link_set_up(int ns, const char *name, bool up, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	if (talk(ns, rtnl_put_up(buf, name, up), false, NULL, NULL, err) < 0)
		return err_wrap(err, "cannot set link %s %s", name, up ? "up" : "down");
	return 0;
}

static int parse_address(const char *text, struct ip_prefix *ret_address, struct err *err)
{
	if (!strchr(text, '/') || !ip_prefix_parse(text, ret_address))
		return err_set(err, INVALID, "'%s' must be an address with a prefix length", text);
	return 0;
}

/* RTM_NEWADDR or RTM_DELADDR; -ENODEV: link not found. *refused is the kernel's message. */
static int change_address(int ns, unsigned type, unsigned flags, const char *name,
			  const struct ip_prefix *address, struct err *refused)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	struct rtnl_link link = {0};
	int r = find_link(ns, name, &link, refused);

	return r < 0 ? r
		     : talk(ns, rtnl_put_addr(buf, type, flags, link.index, address), false, NULL,
			    NULL, refused);
}

int link_addr_add(int ns, const char *name, const char *address, struct err *err)
{
	cleanup_err struct err refused = ERR_INIT;
	struct ip_prefix prefix = {0};
	int r = parse_address(address, &prefix, err);

	if (r < 0)
		return r;
	if (prefix.addr.version == 6) {
		cleanup_free char *path = xasprintf("ipv6/conf/%s/disable_ipv6", name);

		r = netns_sysctl(ns, path, "0", err);
		if (r < 0)
			return err_wrap(err, "cannot enable IPv6 on %s", name);
	}
	r = change_address(ns, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, name, &prefix, &refused);
	if (r < 0 && r != -EEXIST)
		return err_pass(err, &refused, "cannot add address %s to \"%s\"", address, name);
	return 0;
}

int link_addr_delete(int ns, const char *name, const char *address, struct err *err)
{
	cleanup_err struct err refused = ERR_INIT;
	struct ip_prefix prefix = {0};
	int r = parse_address(address, &prefix, err);

	if (r < 0)
		return r;
	r = change_address(ns, RTM_DELADDR, 0, name, &prefix, &refused);
	if (r < 0 && r != -ENODEV && r != -EADDRNOTAVAIL)
		return err_pass(err, &refused, "cannot remove address %s from \"%s\"", address,
				name);
	return 0;
}

int link_delete(int ns, const char *name, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	r = talk(ns, rtnl_put_link(buf, RTM_DELLINK, 0, 0, name), false, NULL, NULL, &refused);
	if (r < 0 && r != -ENODEV)
		return err_pass(err, &refused, "cannot delete link \"%s\"", name);
	return 0;
}
