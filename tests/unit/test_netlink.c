// SPDX-License-Identifier: Apache-2.0
/* rtnetlink messages as the kernel builds them, read and kept. Nothing is sent. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "bondd/tables.h"
#include "link_message.h"

static struct nlmsghdr *bond_message(int active)
{
	struct nlmsghdr *m = start_link(RTM_NEWLINK, 5, "bond0", UP | RUNNING);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);

	mnl_attr_put_strz(m, IFLA_INFO_KIND, "bond");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u8(m, IFLA_BOND_MODE, 1);
	if (active)
		mnl_attr_put_u32(m, IFLA_BOND_ACTIVE_SLAVE, (uint32_t)active);
	mnl_attr_put_u32(m, IFLA_BOND_MIIMON, 100);
	mnl_attr_put_u32(m, IFLA_BOND_ARP_INTERVAL, 0);
	mnl_attr_put_u8(m, IFLA_BOND_FAIL_OVER_MAC, 1);
	mnl_attr_put_u32(m, IFLA_BOND_PRIMARY, 3);
	mnl_attr_put_u8(m, IFLA_BOND_PRIMARY_RESELECT, 2);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return m;
}

static struct nlmsghdr *leg_message(int type, int index, unsigned flags, uint8_t mii)
{
	char name[IF_NAMESIZE];
	snprintf(name, sizeof(name), "ens%d", index);
	struct nlmsghdr *m = start_link(type, index, name, flags);

	mnl_attr_put_u32(m, IFLA_MASTER, 5);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_SLAVE_KIND, "bond");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(m, IFLA_BOND_SLAVE_MII_STATUS, mii);
	mnl_attr_put(m, IFLA_BOND_SLAVE_PERM_HWADDR, sizeof(mac), mac);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return m;
}

static void test_bond(void **state)
{
	(void)state;
	struct rtnl_link l;

	assert_true(rtnl_read_link(bond_message(4), &l));
	assert_string_equal(l.name, "bond0");
	assert_int_equal(l.index, 5);
	assert_true(l.is_bond);
	assert_int_equal(l.carrier, TRI_YES);
	assert_memory_equal(l.mac.bytes, mac, MAC_SIZE);
	assert_int_equal(l.bond.mode, BOND_OPTION_ACTIVE_BACKUP);
	assert_int_equal(l.bond.active, 4);
	assert_int_equal(l.bond.miimon, 100);
	assert_int_equal(l.bond.arp_interval, 0);
	assert_int_equal(l.bond.fail_over_mac, BOND_FAIL_OVER_MAC_ACTIVE);
	assert_int_equal(l.bond.primary, 3);
	assert_int_equal(l.bond.primary_reselect, BOND_RESELECT_FAILURE);
	assert_true(rtnl_read_link(bond_message(0), &l));
	assert_int_equal(l.bond.active, 0);
}

static void test_leg(void **state)
{
	(void)state;
	struct rtnl_link l;

	assert_true(rtnl_read_link(leg_message(RTM_NEWLINK, 3, UP | RUNNING, 0), &l));
	assert_false(l.is_bond);
	assert_int_equal(l.master, 5);
	assert_int_equal(l.mii_up, TRI_YES);
	assert_true(l.has_permanent);
	assert_true(rtnl_read_link(leg_message(RTM_NEWLINK, 3, UP, 2), &l));
	assert_int_equal(l.carrier, TRI_NO);
	assert_int_equal(l.mii_up, TRI_NO);
	assert_true(rtnl_read_link(leg_message(RTM_NEWLINK, 3, 0, 2), &l));
	assert_int_equal(l.carrier, TRI_UNKNOWN);
}

static void test_vlan_and_forwarding(void **state)
{
	(void)state;
	struct nlmsghdr *m = start_link(RTM_NEWLINK, 7, "bond0.101", UP | RUNNING);
	struct rtnl_link l;
	int32_t settings[3] = {1, 64, 1280};

	mnl_attr_put_u32(m, IFLA_LINK, 5);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "vlan");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u16(m, IFLA_VLAN_ID, 101);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	struct nlattr *families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(m, AF_INET6);
	mnl_attr_put(m, IFLA_INET6_CONF, sizeof(settings), settings);
	mnl_attr_nest_end(m, family);
	mnl_attr_nest_end(m, families);

	assert_true(rtnl_read_link(m, &l));
	assert_true(l.is_vlan);
	assert_int_equal(l.parent, 5);
	assert_int_equal(l.vlan, 101);
	assert_true(l.forwards6);
}

/* Cut off anywhere, or of the wrong size: less is known, and nothing is read beyond the end. */
static void test_broken_messages(void **state)
{
	(void)state;
	struct rtnl_link l;
	struct nlmsghdr *m = bond_message(4);
	size_t whole = m->nlmsg_len;

	for (size_t len = 0; len < whole; len++) {
		cleanup_free char *cut = xmemdup(m, len < NLMSG_HDRLEN ? NLMSG_HDRLEN : len);
		((struct nlmsghdr *)(void *)cut)->nlmsg_len = (uint32_t)len;
		if (len >= NLMSG_HDRLEN + sizeof(struct ifinfomsg))
			assert_true(rtnl_read_link((void *)cut, &l));
		else
			assert_false(len >= NLMSG_HDRLEN && rtnl_read_link((void *)cut, &l));
	}

	m = start_link(RTM_NEWLINK, 5, "a-name-of-more-than-fifteen", UP);
	mnl_attr_put(m, IFLA_ADDRESS, 20, "an infiniband address, long");
	mnl_attr_put_u8(m, IFLA_MASTER, 1);
	assert_true(rtnl_read_link(m, &l));
	assert_int_equal(strlen(l.name), IF_NAMESIZE - 1);
	assert_false(l.has_mac);
	assert_int_equal(l.master, 0);

	m = bond_message(4);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(m))->ifi_family = AF_BRIDGE;
	assert_false(rtnl_read_link(m, &l));
}

static struct nlmsghdr *address_message(int type, int index, const char *text, unsigned flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct ip_addr ip;

	assert_true(ip_parse(text, &ip));
	m->nlmsg_type = (uint16_t)type;
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(m, sizeof(*ifa));
	ifa->ifa_family = (uint8_t)ip_family(&ip);
	ifa->ifa_index = (unsigned)index;
	mnl_attr_put(m, IFA_ADDRESS, ip_size(&ip), ip.bytes);
	mnl_attr_put_u32(m, IFA_FLAGS, flags);
	return m;
}

static void test_address(void **state)
{
	(void)state;
	struct rtnl_addr a;
	char text[IP_TEXT_SIZE];

	assert_true(rtnl_read_addr(address_message(RTM_NEWADDR, 5, "172.16.1.10", 0), &a));
	assert_string_equal(ip_format(&a.prefix.addr, text), "172.16.1.10");
	assert_int_equal(a.index, 5);
	assert_false(a.tentative);
	assert_true(rtnl_read_addr(address_message(RTM_NEWADDR, 5, "2001:db8::10", IFA_F_TENTATIVE),
				   &a));
	assert_true(a.tentative);

	/* Point to point: IFA_LOCAL is this end. */
	struct nlmsghdr *m = address_message(RTM_NEWADDR, 5, "10.0.0.2", 0);
	mnl_attr_put(m, IFA_LOCAL, 4, "\x0a\x00\x00\x01");
	assert_true(rtnl_read_addr(m, &a));
	assert_string_equal(ip_format(&a.prefix.addr, text), "10.0.0.1");

	m = address_message(RTM_NEWADDR, 5, "10.0.0.2", 0);
	((struct ifaddrmsg *)mnl_nlmsg_get_payload(m))->ifa_family = AF_INET6;
	assert_false(rtnl_read_addr(m, &a)); /* four bytes are no IPv6 address */
}

static struct nlmsghdr *route_message(int type, int family)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = (uint16_t)type;
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(m, sizeof(*rtm));
	rtm->rtm_family = (uint8_t)family;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	return m;
}

static void test_neighbour(void **state)
{
	(void)state;
	const uint8_t ip[] = {172, 16, 1, 10};
	struct rtnl_neighbour n;
	char text[IP_TEXT_SIZE];

	for (int forwarding = 0; forwarding < 2; forwarding++) {
		struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
		m->nlmsg_type = RTM_NEWNEIGH;
		struct ndmsg *ndm = mnl_nlmsg_put_extra_header(m, sizeof(*ndm));
		ndm->ndm_family = forwarding ? AF_BRIDGE : AF_INET;
		ndm->ndm_ifindex = 7;
		ndm->ndm_state = NUD_STALE;
		if (!forwarding)
			mnl_attr_put(m, NDA_DST, sizeof(ip), ip);
		mnl_attr_put(m, NDA_LLADDR, sizeof(mac), mac);
		assert_true(rtnl_read_neighbour(m, &n));
		assert_int_equal(n.index, 7);
		assert_int_equal(n.state, NUD_STALE);
		assert_true(n.has_mac);
		assert_memory_equal(n.mac.bytes, mac, sizeof(mac));
		assert_string_equal(ip_format(&n.address, text), forwarding ? "-" : "172.16.1.10");
		/* Cut off anywhere, less is known; and one that goes is none. */
		for (uint32_t len = m->nlmsg_len - 3; len >= sizeof(*m); len--) { /* 2: padding */
			m->nlmsg_len = len;
			assert_true(!rtnl_read_neighbour(m, &n) || !n.has_mac);
		}
		m->nlmsg_type = RTM_DELNEIGH;
		assert_false(rtnl_read_neighbour(m, &n));
	}
}

static void test_default_route(void **state)
{
	(void)state;
	struct nlmsghdr *m = route_message(RTM_NEWROUTE, AF_INET);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(m);
	struct rtnl_route r[4];
	char text[IP_TEXT_SIZE];

	mnl_attr_put(m, RTA_GATEWAY, 4, "\xac\x10\x01\x01");
	mnl_attr_put_u32(m, RTA_OIF, 5);
	mnl_attr_put_u32(m, RTA_PRIORITY, 300);
	assert_int_equal(rtnl_read_default(m, r, 4), 1);
	assert_string_equal(ip_format(&r[0].gateway, text), "172.16.1.1");
	assert_int_equal(r[0].index, 5);
	assert_int_equal(r[0].metric, 300);
	mnl_attr_put_u32(m, RTA_PRIORITY, 4000000000); /* the worst, not the best */
	assert_int_equal(rtnl_read_default(m, r, 4), 1);
	assert_int_equal(r[0].metric, 4000000000);

	rtm->rtm_dst_len = 24;
	assert_int_equal(rtnl_read_default(m, r, 4), 0);
	rtm->rtm_dst_len = 0;
	rtm->rtm_table = RT_TABLE_LOCAL;
	assert_int_equal(rtnl_read_default(m, r, 4), 0);
	assert_false(rtnl_is_default(m));

	/* Without a gateway there is nobody to probe. */
	m = route_message(RTM_NEWROUTE, AF_INET);
	mnl_attr_put_u32(m, RTA_OIF, 5);
	assert_int_equal(rtnl_read_default(m, r, 4), 0);
	assert_true(rtnl_is_default(m));
}

static void test_multipath_route(void **state)
{
	(void)state;
	struct nlmsghdr *m = route_message(RTM_NEWROUTE, AF_INET);
	struct {
		struct rtnexthop head;
		struct nlattr attr;
		uint8_t gateway[4];
	} hops[2] = {
		{{sizeof(hops[0]), 0, 0, 5}, {8, RTA_GATEWAY}, {172, 16, 1, 1}},
		{{sizeof(hops[0]), 0, 0, 6}, {8, RTA_GATEWAY}, {172, 16, 1, 2}},
	};
	struct rtnl_route r[4];

	mnl_attr_put(m, RTA_MULTIPATH, sizeof(hops), hops);
	assert_int_equal(rtnl_read_default(m, r, 4), 2);
	assert_int_equal(r[1].index, 6);
	assert_int_equal(r[1].gateway.bytes[3], 2);
	assert_int_equal(rtnl_read_default(m, r, 1), 1);

	hops[0].head.rtnh_len = 200; /* beyond the attribute */
	m = route_message(RTM_NEWROUTE, AF_INET);
	mnl_attr_put(m, RTA_MULTIPATH, sizeof(hops), hops);
	assert_int_equal(rtnl_read_default(m, r, 4), 0);
}

static void test_set_active(void **state)
{
	(void)state;
	struct nlmsghdr *m = rtnl_put_bond_active(buf, 5, 4);
	struct rtnl_link l;

	assert_int_equal(m->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_true(rtnl_read_link(m, &l));
	assert_int_equal(l.index, 5);
	assert_true(l.is_bond);
	assert_int_equal(l.bond.active, 4);
	assert_int_equal(l.bond.mode, -1); /* nothing else is set */
}

static const struct nlattr *find_attr(const struct nlmsghdr *m, size_t header, unsigned type)
{
	const struct nlattr *a;

	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, header), netlink_end(m)))
		if (mnl_attr_get_type(a) == type)
			return a;
	fail_msg("no attribute %u", type);
	return NULL;
}

static void test_requests(void **state)
{
	(void)state;
	static const struct mac_addr bridge_mac = {{2, 1, 2, 3, 4, 5}};
	const unsigned create = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	const unsigned dump = NLM_F_REQUEST | NLM_F_DUMP;
	char bufs[7][RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	const struct {
		struct nlmsghdr *m;
		unsigned type, flags;
		size_t header;
		const char *name, *kind; /* NULL: it has none */
	} cases[] = {
		{rtnl_put_link(bufs[0], RTM_DELLINK, 0, 0, "tap0"), RTM_DELLINK,
		 NLM_F_REQUEST | NLM_F_ACK, sizeof(struct ifinfomsg), "tap0", NULL},
		{rtnl_put_up(bufs[1], "tap0", true), RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK,
		 sizeof(struct ifinfomsg), "tap0", NULL},
		{rtnl_put_bridge(bufs[2], "br", &bridge_mac), RTM_NEWLINK, create,
		 sizeof(struct ifinfomsg), "br", "bridge"},
		{rtnl_put_veth(bufs[3], "a", "b"), RTM_NEWLINK, create, sizeof(struct ifinfomsg),
		 "a", "veth"},
		{rtnl_put_dump(bufs[4], RTM_GETLINK, RTEXT_FILTER_VF), RTM_GETLINK, dump,
		 sizeof(struct ifinfomsg), NULL, NULL},
		{rtnl_put_dump(bufs[5], RTM_GETADDR, 0), RTM_GETADDR, dump,
		 sizeof(struct ifaddrmsg), NULL, NULL},
		{rtnl_put_dump(bufs[6], RTM_GETROUTE, 0), RTM_GETROUTE, dump, sizeof(struct rtmsg),
		 NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nlmsghdr *m = cases[i].m;
		struct rtnl_link l;

		assert_int_equal(m->nlmsg_type, cases[i].type);
		assert_int_equal(m->nlmsg_flags, cases[i].flags);
		assert_true(netlink_ok(m, RTNL_REQUEST_MAX));
		assert_non_null(netlink_header(m, cases[i].header));
		if (!cases[i].name)
			continue;
		/* Read as if the kernel said it. */
		m->nlmsg_type = RTM_NEWLINK;
		((struct ifinfomsg *)mnl_nlmsg_get_payload(m))->ifi_index = 9;
		assert_true(rtnl_read_link(m, &l));
		assert_string_equal(l.name, cases[i].name);
		assert_string_equal(l.kind, cases[i].kind ? cases[i].kind : "");
		assert_int_equal(l.up, i == 1);
		if (i == 2)
			assert_true(mac_equal(&l.mac, &bridge_mac));
	}
	assert_int_equal(
		mnl_attr_get_u32(find_attr(cases[4].m, sizeof(struct ifinfomsg), IFLA_EXT_MASK)),
		RTEXT_FILTER_VF);
	/* Too long a name: the kernel is left to refuse it. */
	struct nlmsghdr *m = rtnl_put_link(bufs[0], RTM_DELLINK, 0, 0, "sixteen-letters-and-more");
	assert_int_equal(
		mnl_attr_get_payload_len(find_attr(m, sizeof(struct ifinfomsg), IFLA_IFNAME)),
		IF_NAMESIZE);
}

static void test_address_request(void **state)
{
	(void)state;
	static const char *const cases[] = {"172.16.1.1/24", "2001:db8::1/64"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_prefix prefix;
		struct rtnl_addr a;

		assert_true(ip_prefix_parse(cases[i], &prefix));
		struct nlmsghdr *m = rtnl_put_addr(buf, RTM_NEWADDR, NLM_F_CREATE, 7, &prefix);
		assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
		assert_true(rtnl_read_addr(m, &a));
		assert_int_equal(a.index, 7);
		cleanup_free char *text = ip_prefix_to_str(&a.prefix);
		assert_string_equal(text, cases[i]);
		assert_int_equal(((struct ifaddrmsg *)mnl_nlmsg_get_payload(m))->ifa_flags,
				 i ? IFA_F_NODAD : 0);
	}
}

static void count_begin(void *data)
{
	((int *)data)[0]++;
}

static void find_loopback(void *data, const struct nlmsghdr *m)
{
	struct rtnl_link l;

	((int *)data)[1] += rtnl_read_link(m, &l) && l.loopback && strcmp(l.name, "lo") == 0;
}

/* Of the kernel that runs the test; both need no privilege. */
static void test_client(void **state)
{
	(void)state;
	cleanup_netlink struct netlink *nl = NULL;
	cleanup_err struct err err = ERR_INIT;
	int seen[2] = {0};

	assert_int_equal(netlink_open(NETLINK_ROUTE, &nl, &err), 0);
	assert_int_equal(netlink_dump(nl, rtnl_put_dump(buf, RTM_GETLINK, 0), count_begin,
				      find_loopback, seen, &err),
			 0);
	assert_in_range(seen[0], 1, 10);
	assert_int_equal(seen[1], 1);
	assert_int_equal(netlink_request(nl, rtnl_put_link(buf, RTM_GETLINK, 0, 0, "lo"),
					 find_loopback, seen, &err),
			 0);
	assert_int_equal(seen[1], 2);
	assert_int_equal(netlink_request(nl, rtnl_put_link(buf, RTM_GETLINK, 0, 0, "none"), NULL,
					 NULL, &err),
			 -ENODEV);
	assert_non_null(strstr(err.text, "the kernel refused"));
}

static void test_refusal(void **state)
{
	(void)state;
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	const char *words;

	m->nlmsg_type = NLMSG_ERROR;
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(m, sizeof(*e));
	e->error = -EINVAL;
	e->msg.nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(netlink_read_error(m, &words), -EINVAL);
	assert_null(words);
	m->nlmsg_flags = NLM_F_ACK_TLVS | NLM_F_CAPPED;
	mnl_attr_put_strz(m, NLMSGERR_ATTR_MSG, "Slave is down");
	assert_int_equal(netlink_read_error(m, &words), -EINVAL);
	assert_string_equal(words, "Slave is down");
	m->nlmsg_flags = NLM_F_ACK_TLVS;
	e->msg.nlmsg_len = 4000; /* the request that it repeats would be larger than itself */
	assert_int_equal(netlink_read_error(m, &words), -EINVAL);
	assert_null(words);
	e->error = 0;
	assert_int_equal(netlink_read_error(m, &words), 0);
}

static void test_tables(void **state)
{
	(void)state;
	struct tables t = {0};

	assert_int_equal(tables_take(&t, bond_message(4)), TABLES_CHANGED);
	assert_int_equal(tables_take(&t, leg_message(RTM_NEWLINK, 3, UP | RUNNING, 0)),
			 TABLES_CHANGED);
	assert_int_equal(tables_take(&t, leg_message(RTM_NEWLINK, 4, UP | RUNNING, 0)),
			 TABLES_CHANGED);
	assert_int_equal(tables_take(&t, leg_message(RTM_NEWLINK, 4, UP, 2)), TABLES_CHANGED);
	assert_int_equal(t.n_links, 3);
	assert_int_equal(tables_link(&t, 4)->carrier, TRI_NO);
	assert_int_equal(tables_link_named(&t, "bond0")->index, 5);
	assert_int_equal(tables_take(&t, leg_message(RTM_DELLINK, 3, 0, 0)), TABLES_ROUTES_STALE);
	assert_null(tables_link(&t, 3));

	assert_int_equal(tables_take(&t, address_message(RTM_NEWADDR, 5, "10.0.0.1", 0)),
			 TABLES_CHANGED);
	assert_int_equal(tables_take(&t, address_message(RTM_NEWADDR, 5, "10.0.0.1", 0)),
			 TABLES_CHANGED);
	assert_int_equal(tables_take(&t, address_message(RTM_NEWADDR, 4, "10.0.0.1", 0)),
			 TABLES_CHANGED);
	assert_int_equal(t.n_addresses, 2);
	assert_int_equal(tables_take(&t, address_message(RTM_DELADDR, 5, "10.0.0.1", 0)),
			 TABLES_ROUTES_STALE);
	assert_int_equal(tables_take(&t, address_message(RTM_DELADDR, 5, "10.0.0.1", 0)),
			 TABLES_SAME);
	assert_int_equal(t.n_addresses, 1);
	assert_int_equal(tables_take(&t, route_message(RTM_DELROUTE, AF_INET)),
			 TABLES_ROUTES_STALE);

	/* A dump that does not name a link any more takes it away. */
	tables_mark_links(&t);
	tables_take(&t, bond_message(0));
	tables_sweep(&t);
	assert_int_equal(t.n_links, 1);
	assert_int_equal(t.links[0].bond.active, 0);
	assert_int_equal(t.n_addresses, 1);
	tables_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bond),
		cmocka_unit_test(test_leg),
		cmocka_unit_test(test_vlan_and_forwarding),
		cmocka_unit_test(test_broken_messages),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_default_route),
		cmocka_unit_test(test_multipath_route),
		cmocka_unit_test(test_set_active),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_address_request),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
