// SPDX-License-Identifier: Apache-2.0
#include "vim/local/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/netlink.h"
#include "vim/local/netns.h"

#define REQUEST_MAX 4096  /* room of what is sent; the longest has one alias of 255 bytes */
#define REPLY_MAX   32768 /* what the kernel fills at most in one part of a dump */
#define DUMP_TRIES  10
#define ALIAS_MAX   255 /* IFALIASZ less the zero */

/* A dump that failed on its way says so in its last message. */
static int dump_end(const struct nlmsghdr *done, bool torn, struct err *err)
{
	const int *code = mnl_nlmsg_get_payload(done);

	if (mnl_nlmsg_get_payload_len(done) >= sizeof(*code) && *code < 0)
		return netns_err(err, *code, "the kernel refused");
	return torn ? -EINTR : 0;
}

/*
 * Sends one request and takes its answers up to the acknowledgement or the end of the dump; each
 * other message goes to cb. -EINTR, err untouched: the dump was overtaken by a change.
 */
static int talk(int ns, struct nlmsghdr *request, void (*cb)(const struct nlmsghdr *, void *),
		void *data, struct err *err)
{
	static unsigned sequence;
	cleanup_netlink struct mnl_socket *nl = NULL;
	cleanup_free char *buf = xcalloc(1, REPLY_MAX);
	bool torn = false;
	int r = netlink_open(ns, NETLINK_ROUTE, &nl, err);

	if (r < 0)
		return r;
	request->nlmsg_seq = __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		return err_errno(err, errno, "cannot send to rtnetlink");
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, REPLY_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "no answer from rtnetlink");

		int left = (int)n;

		for (const struct nlmsghdr *m = (void *)buf; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			if (!mnl_nlmsg_seq_ok(m, request->nlmsg_seq) ||
			    !mnl_nlmsg_portid_ok(m, mnl_socket_get_portid(nl)))
				continue;
			torn |= (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (m->nlmsg_type == NLMSG_ERROR)
				return netlink_refusal(m, err);
			if (m->nlmsg_type == NLMSG_DONE)
				return dump_end(m, torn, err);
			if (m->nlmsg_type >= NLMSG_MIN_TYPE && cb)
				cb(m, data);
		}
	}
}

static struct nlmsghdr *link_request(void *buf, unsigned type, unsigned flags, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = (uint16_t)type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

void netdev_list_clear(struct netdev_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].alias);
	free(list->v);
	*list = (struct netdev_list){0};
}

struct dump {
	struct netdev_list links;
	int *masters; /* ifindex of each link's master, 0: none */
	size_t n_masters;
};

static void read_kind(const struct nlattr *info, char *kind)
{
	const struct nlattr *a = mnl_attr_get_payload(info);
	const void *tail = (const char *)a + mnl_attr_get_payload_len(info);

	for (; netlink_attr_ok(a, tail); a = mnl_attr_next(a))
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			snprintf(kind, LINK_NAME_SIZE, "%.*s", (int)mnl_attr_get_payload_len(a),
				 mnl_attr_get_str(a));
}

static void read_link(const struct nlmsghdr *m, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(m);
	const void *tail = mnl_nlmsg_get_payload_tail(m);
	struct dump *dump = data;
	const struct nlattr *a;

	if (m->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(m) < sizeof(*ifi))
		return;

	struct netdev *link = array_push(dump->links.v, dump->links.n);
	int *master = array_push(dump->masters, dump->n_masters);

	link->index = ifi->ifi_index;
	link->up = ifi->ifi_flags & IFF_UP;
	link->carrier = ifi->ifi_flags & IFF_LOWER_UP;
	for (a = mnl_nlmsg_get_payload_offset(m, sizeof(*ifi)); netlink_attr_ok(a, tail);
	     a = mnl_attr_next(a)) {
		unsigned type = mnl_attr_get_type(a);
		int len = mnl_attr_get_payload_len(a);

		if (type == IFLA_IFNAME)
			snprintf(link->name, sizeof(link->name), "%.*s", len, mnl_attr_get_str(a));
		else if (type == IFLA_IFALIAS && !link->alias)
			link->alias = xasprintf("%.*s", len, mnl_attr_get_str(a));
		else if (type == IFLA_LINKINFO)
			read_kind(a, link->kind);
		else if (type == IFLA_MASTER && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*master = (int)mnl_attr_get_u32(a);
	}
}

int link_list(int ns, struct netdev_list *ret_list, struct err *err)
{
	char buf[REQUEST_MAX];

	for (int i = 0; i < DUMP_TRIES; i++) {
		struct nlmsghdr *nlh = link_request(buf, RTM_GETLINK, NLM_F_DUMP, NULL);
		struct dump dump = {0};
		int r = talk(ns, nlh, read_link, &dump, err);

		for (size_t a = 0; a < dump.links.n; a++)
			for (size_t b = 0; b < dump.links.n; b++)
				if (dump.masters[a] && dump.masters[a] == dump.links.v[b].index)
					memcpy(dump.links.v[a].master, dump.links.v[b].name,
					       LINK_NAME_SIZE);
		free(dump.masters);
		if (r == 0) {
			*ret_list = dump.links;
			return 0;
		}
		netdev_list_clear(&dump.links);
		if (r != -EINTR)
			return err_wrap(err, "cannot list the links");
	}
	return err_code(err, BUSY, EAGAIN, "the links change too fast to be listed: try again");
}

/* -ENODEV when there is none. */
static int find_link(int ns, const char *name, struct netdev *ret_link, struct err *err)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh = link_request(buf, RTM_GETLINK, NLM_F_ACK, name);
	struct dump dump = {0};
	int r = talk(ns, nlh, read_link, &dump, err);

	if (r == 0 && dump.links.n == 0)
		r = err_code(err, NOT_FOUND, ENODEV, "the kernel knows no such link");
	if (r == 0) {
		*ret_link = dump.links.v[0];
		ret_link->alias = NULL;
	}
	netdev_list_clear(&dump.links);
	free(dump.masters);
	return r;
}

static int check_name(const char *name, struct err *err)
{
	if (!*name || strlen(name) >= LINK_NAME_SIZE)
		return err_set(err, INVALID, "'%s' is no name for a link: 1 to %d characters", name,
			       LINK_NAME_SIZE - 1);
	return 0;
}

void link_name(const char *prefix, const char *text, char *ret)
{
	static const char fit[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	cleanup_free char *whole = xasprintf("%s%s", prefix, text);
	size_t len = strlen(whole);
	uint64_t hash = str_hash(STR_HASH_INIT, whole, len);

	if (len > 0 && len < LINK_NAME_SIZE && strspn(whole, fit) == len && !streq(whole, ".") &&
	    !streq(whole, "..")) {
		memcpy(ret, whole, len + 1);
		return;
	}
	for (char *p = whole; *p; p++)
		if (!strchr(fit, *p))
			*p = '_';
	snprintf(ret, LINK_NAME_SIZE, "%.8s~%06x", whole,
		 (unsigned)((hash ^ hash >> 32) & 0xffffff));
}

static int set_alias(int ns, const char *name, const char *alias, struct err *err)
{
	char buf[REQUEST_MAX];

	if (!alias)
		return 0;
	if (strlen(alias) > ALIAS_MAX)
		return err_code(err, INVALID, ENAMETOOLONG,
				"the mark of link %s has over %d bytes: %s", name, ALIAS_MAX,
				alias);

	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, NLM_F_ACK, name);

	mnl_attr_put_str(nlh, IFLA_IFALIAS, alias);
	if (talk(ns, nlh, NULL, NULL, err) < 0)
		return err_wrap(err, "cannot mark link %s", name);
	return 0;
}

/* A link that is in the way of a new one: fine when it is of that kind. */
static int check_kind(int ns, const char *name, const char *kind, struct err *err)
{
	struct netdev link = {0};
	int r = find_link(ns, name, &link, err);

	if (r < 0)
		return err_wrap(err, "link %s", name);
	if (!streq(link.kind, kind))
		return err_code(err, REFUSED, EEXIST,
				"link %s exists and is no %s but a %s: delete it", name, kind,
				*link.kind ? link.kind : "device");
	return 0;
}

int link_bridge_create(int ns, const char *name, const char *alias, struct err *err)
{
	char buf[REQUEST_MAX];
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r < 0)
		return r;

	/* A bridge without an own address takes the lowest of its ports, and changes it with them:
	 * the guest's gateway would move under its feet. */
	uint64_t hash = str_hash(STR_HASH_INIT, name, strlen(name));
	uint8_t mac[6] = {0x02};

	memcpy(mac + 1, &hash, 5);

	struct nlmsghdr *nlh =
		link_request(buf, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, name);

	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);

	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");

	struct nlattr *settings = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);

	mnl_attr_put_u32(nlh, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_put_u32(nlh, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(nlh, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(nlh, settings);
	mnl_attr_nest_end(nlh, info);
	r = talk(ns, nlh, NULL, NULL, &refused);
	if (r == -EEXIST)
		r = check_kind(ns, name, "bridge", err);
	else if (r < 0)
		return err_pass(err, &refused, "cannot make bridge \"%s\"", name);
	return r < 0 ? r : set_alias(ns, name, alias, err);
}

int link_veth_create(int ns, const char *name, const char *peer, const char *alias, struct err *err)
{
	char buf[REQUEST_MAX];
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r == 0)
		r = check_name(peer, err);
	if (r < 0)
		return r;

	struct nlmsghdr *nlh =
		link_request(buf, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, name);
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");

	struct nlattr *settings = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	struct nlattr *other = mnl_attr_nest_start(nlh, VETH_INFO_PEER);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_nest_end(nlh, other);
	mnl_attr_nest_end(nlh, settings);
	mnl_attr_nest_end(nlh, info);
	r = talk(ns, nlh, NULL, NULL, &refused);
	if (r == -EEXIST) {
		r = check_kind(ns, name, "veth", err);
		if (r == 0)
			r = check_kind(ns, peer, "veth", err);
	} else if (r < 0) {
		return err_pass(err, &refused, "cannot make veth pair \"%s\", \"%s\"", name, peer);
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
		return netns_err(err, errno, "cannot make tap %s", name);
	return 0;
}

int link_tap_create(int ns, const char *name, const char *alias, struct err *err)
{
	cleanup_err struct err none = ERR_INIT;
	cleanup_free char *copy = xstrdup(name);
	struct netdev link = {0};
	int r = check_name(name, err);

	if (r < 0)
		return r;
	/* Looked for first: one that QEMU has open would answer EBUSY. */
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
	char buf[REQUEST_MAX];
	struct netdev bridge = {0};

	if (master && find_link(ns, master, &bridge, err) < 0)
		return err_wrap(err, "cannot put %s into bridge %s", name, master);

	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, NLM_F_ACK, name);

	mnl_attr_put_u32(nlh, IFLA_MASTER, (uint32_t)bridge.index);
	if (talk(ns, nlh, NULL, NULL, err) < 0)
		return master ? err_wrap(err, "cannot put %s into bridge %s", name, master)
			      : err_wrap(err, "cannot take %s out of its bridge", name);
	return 0;
}

int link_set_up(int ns, const char *name, bool up, struct err *err)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, NLM_F_ACK, name);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	if (talk(ns, nlh, NULL, NULL, err) < 0)
		return err_wrap(err, "cannot take link %s %s", name, up ? "up" : "down");
	return 0;
}

/* "10.0.0.1/24" into the bytes of the address (4 or 16, returned in *ret_len) and the length. */
static int parse_address(const char *s, uint8_t address[16], size_t *ret_len, uint8_t *ret_prefix)
{
	const char *slash = strchr(s, '/');
	int64_t prefix;

	if (!slash)
		return -EINVAL;

	cleanup_free char *host = xstrndup(s, (size_t)(slash - s));

	if (inet_pton(AF_INET, host, address) == 1)
		*ret_len = 4;
	else if (inet_pton(AF_INET6, host, address) == 1)
		*ret_len = 16;
	else
		return -EINVAL;
	if (str_to_int(slash + 1, 0, (int64_t)*ret_len * 8, &prefix) < 0)
		return -EINVAL;
	*ret_prefix = (uint8_t)prefix;
	return 0;
}

/* RTM_NEWADDR or RTM_DELADDR; -ENODEV: there is no such link. *refused has the kernel's words. */
static int change_address(int ns, uint16_t type, uint16_t flags, const char *name,
			  const uint8_t *bytes, size_t len, uint8_t prefix, struct err *refused)
{
	char buf[REQUEST_MAX];
	struct netdev link = {0};
	int r = find_link(ns, name, &link, refused);

	if (r < 0)
		return r;

	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);

	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = len == 4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = prefix;
	ifa->ifa_index = (unsigned)link.index;
	ifa->ifa_flags = len == 16 ? IFA_F_NODAD : 0;
	mnl_attr_put(nlh, IFA_LOCAL, len, bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, len, bytes);
	return talk(ns, nlh, NULL, NULL, refused);
}

int link_addr_add(int ns, const char *name, const char *address, struct err *err)
{
	cleanup_err struct err refused = ERR_INIT;
	uint8_t bytes[16], prefix;
	size_t len;
	int r;

	if (parse_address(address, bytes, &len, &prefix) < 0)
		return err_set(err, INVALID, "'%s' is no address with a prefix length", address);
	if (len == 16) {
		cleanup_free char *path = xasprintf("ipv6/conf/%s/disable_ipv6", name);

		r = netns_sysctl(ns, path, "0", err);
		if (r < 0)
			return err_wrap(err, "cannot turn IPv6 on for %s", name);
	}
	r = change_address(ns, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, name, bytes, len, prefix,
			   &refused);
	if (r < 0 && r != -EEXIST)
		return err_pass(err, &refused, "cannot add address %s to \"%s\"", address, name);
	return 0;
}

int link_addr_delete(int ns, const char *name, const char *address, struct err *err)
{
	cleanup_err struct err refused = ERR_INIT;
	uint8_t bytes[16], prefix;
	size_t len;

	if (parse_address(address, bytes, &len, &prefix) < 0)
		return err_set(err, INVALID, "'%s' is no address with a prefix length", address);
	int r = change_address(ns, RTM_DELADDR, 0, name, bytes, len, prefix, &refused);
	if (r < 0 && r != -ENODEV && r != -EADDRNOTAVAIL)
		return err_pass(err, &refused, "cannot remove address %s from \"%s\"", address,
				name);
	return 0;
}

int link_delete(int ns, const char *name, struct err *err)
{
	char buf[REQUEST_MAX];
	cleanup_err struct err refused = ERR_INIT;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	r = talk(ns, link_request(buf, RTM_DELLINK, NLM_F_ACK, name), NULL, NULL, &refused);
	if (r < 0 && r != -ENODEV)
		return err_pass(err, &refused, "cannot delete link \"%s\"", name);
	return 0;
}
