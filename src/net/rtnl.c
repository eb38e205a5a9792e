// SPDX-License-Identifier: Apache-2.0
#include "net/rtnl.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/frame.h"

/* IFF_LOWER_UP of <linux/if.h>, which conflicts with <net/if.h>. */
#define LOWER_UP (1 << 16)
/* Leaves *value unchanged if the attribute has another size. */
static void read_u32(const struct nlattr *a, uint32_t *value)
{
	if (mnl_attr_get_payload_len(a) == sizeof(*value))
		memcpy(value, mnl_attr_get_payload(a), sizeof(*value));
}

/* As read_u32; also unchanged if the number is too large for an int. */
static void read_int(const struct nlattr *a, int *value)
{
	uint32_t v = UINT32_MAX;

	read_u32(a, &v);
	if (v <= INT32_MAX)
		*value = (int)v;
}

static void read_u8(const struct nlattr *a, int *value)
{
	if (mnl_attr_get_payload_len(a) == 1)
		*value = *(const uint8_t *)mnl_attr_get_payload(a);
}

static bool read_mac(const struct nlattr *a, struct mac_addr *ret_mac)
{
	if (mnl_attr_get_payload_len(a) != MAC_SIZE)
		return false;
	memcpy(ret_mac->bytes, mnl_attr_get_payload(a), MAC_SIZE);
	return true;
}

static struct ip_addr read_ip(const struct nlattr *a, int family)
{
	return ip_from_bytes(family, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
}

/* Names from the kernel fit. */
static void read_text(const struct nlattr *a, char *text, size_t size)
{
	snprintf(text, size, "%.*s", mnl_attr_get_payload_len(a), mnl_attr_get_str(a));
}

static bool is_word(const struct nlattr *a, const char *word)
{
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));

	return len == strlen(word) && memcmp(mnl_attr_get_payload(a), word, len) == 0;
}

static void read_bond(const struct nlattr *data, struct rtnl_bond *b)
{
	int *const values[] = {
		[IFLA_BOND_MODE] = &b->mode,
		[IFLA_BOND_ACTIVE_SLAVE] = &b->active,
		[IFLA_BOND_MIIMON] = &b->miimon,
		[IFLA_BOND_ARP_INTERVAL] = &b->arp_interval,
		[IFLA_BOND_FAIL_OVER_MAC] = &b->fail_over_mac,
		[IFLA_BOND_PRIMARY] = &b->primary,
		[IFLA_BOND_PRIMARY_RESELECT] = &b->primary_reselect,
	};
	const struct nlattr *a;

	b->active = b->primary = 0; /* the kernel omits absent values */
	for (each_nested(a, data)) {
		unsigned type = mnl_attr_get_type(a);
		if (type >= ARRAY_SIZE(values) || !values[type])
			continue;
		read_u8(a, values[type]);
		read_int(a, values[type]);
	}
}

static void read_vlan(const struct nlattr *data, struct rtnl_link *l)
{
	const struct nlattr *a;
	uint16_t id;

	for (each_nested(a, data))
		if (mnl_attr_get_type(a) == IFLA_VLAN_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(id)) {
			memcpy(&id, mnl_attr_get_payload(a), sizeof(id));
			l->vlan = id <= VLAN_ID_MAX ? id : 0;
		}
}

static void read_leg(const struct nlattr *data, struct rtnl_link *l)
{
	const struct nlattr *a;
	int status = -1;

	for (each_nested(a, data)) {
		if (mnl_attr_get_type(a) == IFLA_BOND_SLAVE_MII_STATUS)
			read_u8(a, &status);
		else if (mnl_attr_get_type(a) == IFLA_BOND_SLAVE_PERM_HWADDR)
			l->has_permanent = read_mac(a, &l->permanent);
	}
	/* BOND_LINK_UP is 0; the other states (going down, down, coming back) count as not up. */
	l->mii_up = status < 0 ? TRI_UNKNOWN : status == 0 ? TRI_YES : TRI_NO;
}

static void read_info(const struct nlattr *info, struct rtnl_link *l)
{
	const struct nlattr *a, *data = NULL, *leg_data = NULL;
	bool leg_of_bond = false;

	for (each_nested(a, info)) {
		unsigned type = mnl_attr_get_type(a);
		if (type == IFLA_INFO_KIND)
			read_text(a, l->kind, sizeof(l->kind));
		else if (type == IFLA_INFO_DATA)
			data = a;
		else if (type == IFLA_INFO_SLAVE_KIND)
			leg_of_bond = is_word(a, "bond");
		else if (type == IFLA_INFO_SLAVE_DATA)
			leg_data = a;
	}
	l->is_bond = streq(l->kind, "bond");
	l->is_vlan = streq(l->kind, "vlan");
	if (l->is_bond && data)
		read_bond(data, &l->bond);
	else if (l->is_vlan && data)
		read_vlan(data, l);
	if (leg_of_bond && leg_data)
		read_leg(leg_data, l);
}

/* AF_INET6's settings are an array of numbers; the first is forwarding. */
static void read_families(const struct nlattr *families, struct rtnl_link *l)
{
	const struct nlattr *family, *a;
	int32_t forwarding;

	for (each_nested(family, families)) {
		if (mnl_attr_get_type(family) != AF_INET6)
			continue;
		for (each_nested(a, family))
			if (mnl_attr_get_type(a) == IFLA_INET6_CONF &&
			    mnl_attr_get_payload_len(a) >= sizeof(forwarding)) {
				memcpy(&forwarding, mnl_attr_get_payload(a), sizeof(forwarding));
				l->forwards6 = forwarding > 0;
			}
	}
}

bool rtnl_read_link(const struct nlmsghdr *m, struct rtnl_link *ret_link)
{
	const struct ifinfomsg *ifi = netlink_header(m, sizeof(*ifi));
	const struct nlattr *a;

	if ((m->nlmsg_type != RTM_NEWLINK && m->nlmsg_type != RTM_DELLINK) || !ifi ||
	    ifi->ifi_index <= 0)
		return false;
	/* Bridges and others report links with their own family. */
	if (ifi->ifi_family != AF_UNSPEC)
		return false;

	struct rtnl_link l = {
		.index = ifi->ifi_index,
		.up = ifi->ifi_flags & IFF_UP,
		.loopback = ifi->ifi_flags & IFF_LOOPBACK,
		.carrier = !(ifi->ifi_flags & IFF_UP)  ? TRI_UNKNOWN
			   : ifi->ifi_flags & LOWER_UP ? TRI_YES
						       : TRI_NO,
		.mii_up = TRI_UNKNOWN,
		.bond = {.mode = -1,
			 .miimon = -1,
			 .arp_interval = -1,
			 .fail_over_mac = -1,
			 .primary_reselect = -1},
	};
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(*ifi)), netlink_end(m))) {
		unsigned type = mnl_attr_get_type(a);
		if (type == IFLA_IFNAME)
			read_text(a, l.name, sizeof(l.name));
		else if (type == IFLA_ADDRESS)
			l.has_mac = read_mac(a, &l.mac);
		else if (type == IFLA_MASTER)
			read_int(a, &l.master);
		else if (type == IFLA_LINK)
			read_int(a, &l.parent);
		else if (type == IFLA_LINKINFO)
			read_info(a, &l);
		else if (type == IFLA_AF_SPEC)
			read_families(a, &l);
	}
	*ret_link = l;
	return true;
}

bool rtnl_read_addr(const struct nlmsghdr *m, struct rtnl_addr *ret_addr)
{
	const struct ifaddrmsg *ifa = netlink_header(m, sizeof(*ifa));
	struct ip_addr peer = {0}, local = {0};
	const struct nlattr *a;

	if ((m->nlmsg_type != RTM_NEWADDR && m->nlmsg_type != RTM_DELADDR) || !ifa ||
	    ifa->ifa_index == 0 || ifa->ifa_index > INT32_MAX)
		return false;

	uint32_t flags = ifa->ifa_flags;
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(*ifa)), netlink_end(m))) {
		if (mnl_attr_get_type(a) == IFA_ADDRESS)
			peer = read_ip(a, ifa->ifa_family);
		else if (mnl_attr_get_type(a) == IFA_LOCAL)
			local = read_ip(a, ifa->ifa_family);
		else if (mnl_attr_get_type(a) == IFA_FLAGS)
			read_u32(a, &flags);
	}
	/* IPv6 has IFA_LOCAL on point-to-point links only. */
	if (!local.version)
		local = peer;
	if (!local.version)
		return false;
	*ret_addr = (struct rtnl_addr){
		.index = (int)ifa->ifa_index,
		.prefix = {local, ifa->ifa_prefixlen},
		.tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED),
	};
	return true;
}

bool rtnl_read_neighbour(const struct nlmsghdr *m, struct rtnl_neighbour *ret_neighbour)
{
	const struct ndmsg *ndm = netlink_header(m, sizeof(*ndm));
	const struct nlattr *a;

	if (m->nlmsg_type != RTM_NEWNEIGH || !ndm || ndm->ndm_ifindex <= 0)
		return false;
	struct rtnl_neighbour n = {.index = ndm->ndm_ifindex, .state = ndm->ndm_state};
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(*ndm)), netlink_end(m))) {
		if (mnl_attr_get_type(a) == NDA_LLADDR)
			n.has_mac = read_mac(a, &n.mac);
		else if (mnl_attr_get_type(a) == NDA_DST)
			n.address = ip_from_bytes(ndm->ndm_family, mnl_attr_get_payload(a),
						  mnl_attr_get_payload_len(a));
	}
	*ret_neighbour = n;
	return true;
}

static const struct rtmsg *default_header(const struct nlmsghdr *m)
{
	const struct rtmsg *rtm = netlink_header(m, sizeof(*rtm));

	if ((m->nlmsg_type != RTM_NEWROUTE && m->nlmsg_type != RTM_DELROUTE) || !rtm ||
	    rtm->rtm_dst_len != 0 || rtm->rtm_table != RT_TABLE_MAIN ||
	    rtm->rtm_type != RTN_UNICAST)
		return NULL;
	return rtm;
}

bool rtnl_is_default(const struct nlmsghdr *m)
{
	return default_header(m) != NULL;
}

/* The hops of a multipath route: a header and attributes each. */
static size_t read_hops(const struct nlattr *hops, int family, uint32_t metric,
			struct rtnl_route *v, size_t max)
{
	const char *at = mnl_attr_get_payload(hops);
	size_t left = mnl_attr_get_payload_len(hops), n = 0;
	struct rtnexthop hop;
	const struct nlattr *a;

	while (n < max && left >= sizeof(hop)) {
		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			break;
		struct rtnl_route r = {.index = hop.rtnh_ifindex, .metric = metric};
		for (each_attr(a, (const void *)(at + sizeof(hop)), at + hop.rtnh_len))
			if (mnl_attr_get_type(a) == RTA_GATEWAY)
				r.gateway = read_ip(a, family);
		if (r.gateway.version)
			v[n++] = r;

		size_t step = MNL_ALIGN(hop.rtnh_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return n;
}

size_t rtnl_read_default(const struct nlmsghdr *m, struct rtnl_route *v, size_t max)
{
	const struct rtmsg *rtm = default_header(m);
	const struct nlattr *a, *hops = NULL;
	struct rtnl_route r = {0};

	if (!rtm || max == 0)
		return 0;
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(*rtm)), netlink_end(m))) {
		unsigned type = mnl_attr_get_type(a);
		if (type == RTA_GATEWAY)
			r.gateway = read_ip(a, rtm->rtm_family);
		else if (type == RTA_OIF)
			read_int(a, &r.index);
		else if (type == RTA_PRIORITY)
			read_u32(a, &r.metric);
		else if (type == RTA_MULTIPATH)
			hops = a;
	}
	if (hops)
		return read_hops(hops, rtm->rtm_family, r.metric, v, max);
	if (!r.gateway.version || r.index == 0)
		return 0;
	*v = r;
	return 1;
}

struct nlmsghdr *rtnl_put_dump(void *buf, unsigned type, uint32_t link_filter)
{
	struct nlmsghdr *m = netlink_put(buf, type, NLM_F_DUMP,
					 type == RTM_GETLINK   ? sizeof(struct ifinfomsg)
					 : type == RTM_GETADDR ? sizeof(struct ifaddrmsg)
							       : sizeof(struct rtmsg));

	if (link_filter)
		mnl_attr_put_u32(m, IFLA_EXT_MASK, link_filter);
	return m;
}

struct nlmsghdr *rtnl_put_route_to(void *buf, const struct ip_addr *to)
{
	struct nlmsghdr *m = netlink_put(buf, RTM_GETROUTE, NLM_F_ACK, sizeof(struct rtmsg));
	struct rtmsg *route = mnl_nlmsg_get_payload(m);

	route->rtm_family = (uint8_t)ip_family(to);
	route->rtm_dst_len = (uint8_t)(8 * ip_size(to));
	route->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put(m, RTA_DST, ip_size(to), to->bytes);
	return m;
}

int rtnl_read_route_len(const struct nlmsghdr *m)
{
	const struct rtmsg *route =
		m->nlmsg_type == RTM_NEWROUTE ? netlink_header(m, sizeof(struct rtmsg)) : NULL;

	return route ? route->rtm_dst_len : -1;
}

struct nlmsghdr *rtnl_put_neighbours(void *buf, bool forwarding)
{
	struct nlmsghdr *m = netlink_put(buf, RTM_GETNEIGH, NLM_F_DUMP, sizeof(struct ndmsg));
	struct ndmsg *ndm = mnl_nlmsg_get_payload(m);

	ndm->ndm_family = forwarding ? AF_BRIDGE : AF_UNSPEC;
	return m;
}

/* A name that is too long is truncated so that the kernel still refuses it. */
static void put_name(struct nlmsghdr *m, const char *name)
{
	size_t len = strnlen(name, IF_NAMESIZE);

	mnl_attr_put(m, IFLA_IFNAME, len < IF_NAMESIZE ? len + 1 : len, name);
}

struct nlmsghdr *rtnl_put_link(void *buf, unsigned type, unsigned flags, int index,
			       const char *name)
{
	struct nlmsghdr *m = netlink_put(buf, type, NLM_F_ACK | flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(m);

	ifi->ifi_index = index;
	if (name)
		put_name(m, name);
	return m;
}

struct nlmsghdr *rtnl_put_up(void *buf, const char *name, bool up)
{
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_SETLINK, 0, 0, name);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(m);

	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	return m;
}

struct nlmsghdr *rtnl_put_bridge(void *buf, const char *name, const struct mac_addr *mac)
{
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);

	mnl_attr_put(m, IFLA_ADDRESS, MAC_SIZE, mac->bytes);

	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u32(m, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_put_u32(m, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(m, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return m;
}

struct nlmsghdr *rtnl_put_veth(void *buf, const char *name, const char *peer)
{
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);

	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *other = mnl_attr_nest_start(m, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	put_name(m, peer);
	mnl_attr_nest_end(m, other);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return m;
}

struct nlmsghdr *rtnl_put_addr(void *buf, unsigned type, unsigned flags, int index,
			       const struct ip_prefix *prefix)
{
	struct nlmsghdr *m = netlink_put(buf, type, NLM_F_ACK | flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(m);
	size_t size = ip_size(&prefix->addr);

	ifa->ifa_family = (uint8_t)ip_family(&prefix->addr);
	ifa->ifa_prefixlen = (uint8_t)prefix->len;
	ifa->ifa_index = (unsigned)index;
	ifa->ifa_flags = prefix->addr.version == 6 ? IFA_F_NODAD : 0;
	mnl_attr_put(m, IFA_LOCAL, size, prefix->addr.bytes);
	mnl_attr_put(m, IFA_ADDRESS, size, prefix->addr.bytes);
	return m;
}

struct nlmsghdr *rtnl_put_bond_active(void *buf, int bond, int leg)
{
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_NEWLINK, 0, bond, NULL);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);

	mnl_attr_put_strz(m, IFLA_INFO_KIND, "bond");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u32(m, IFLA_BOND_ACTIVE_SLAVE, (uint32_t)leg);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return m;
}
