// SPDX-License-Identifier: Apache-2.0
/* The VFs of a PF, as the kernel tells of them by rtnetlink, and the requests that set their links.
 */
#include <errno.h>
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
#include "link_message.h"
#include "net/rtnl_vf.h"

/*
 * A PF with two VFs, as Linux 6.1 answers (rtnl_fill_vf): each has all its settings, and statistics
 * unless they are left out. The bytes of VF 1's MAC, link state and trust are written out.
 */
static struct nlmsghdr *pf_message(void)
{
	static const uint8_t vf1[] = {
		/* IFLA_VF_INFO, nested, 172 bytes with its header; IFLA_VF_MAC: vf 1, 32 bytes */
		0xac,
		0,
		1,
		0x00,
		0x28,
		0,
		1,
		0,
		1,
		0,
		0,
		0,
		0xfa,
		0x16,
		0x3e,
		0,
		0,
		1,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		/* IFLA_VF_BROADCAST */
		0x24,
		0,
		13,
		0,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		/* IFLA_VF_VLAN: vf 1, VLAN 101, priority 0 */
		0x10,
		0,
		2,
		0,
		1,
		0,
		0,
		0,
		101,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		/* IFLA_VF_RATE, IFLA_VF_TX_RATE */
		0x10,
		0,
		6,
		0,
		1,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0x0c,
		0,
		3,
		0,
		1,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		/* IFLA_VF_SPOOFCHK on, IFLA_VF_LINK_STATE disable, IFLA_VF_RSS_QUERY_EN unknown */
		0x0c,
		0,
		4,
		0,
		1,
		0,
		0,
		0,
		1,
		0,
		0,
		0,
		0x0c,
		0,
		5,
		0,
		1,
		0,
		0,
		0,
		2,
		0,
		0,
		0,
		0x0c,
		0,
		7,
		0,
		1,
		0,
		0,
		0,
		0xff,
		0xff,
		0xff,
		0xff,
		/* IFLA_VF_TRUST unknown to the driver */
		0x0c,
		0,
		9,
		0,
		1,
		0,
		0,
		0,
		0xff,
		0xff,
		0xff,
		0xff,
	};
	const struct ifla_vf_mac vf_mac = {.vf = 0, .mac = {0xfa, 0x16, 0x3e, 0, 0, 2}};
	const struct ifla_vf_link_state state = {.vf = 0, .link_state = IFLA_VF_LINK_STATE_AUTO};
	struct nlmsghdr *m = start_link(RTM_NEWLINK, 2, "pf0", UP | RUNNING);

	assert_int_equal(vf1[0], sizeof(vf1));
	mnl_attr_put_u32(m, IFLA_NUM_VF, 2);
	struct nlattr *list = mnl_attr_nest_start(m, IFLA_VFINFO_LIST);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_VF_INFO);
	mnl_attr_put(m, IFLA_VF_MAC, sizeof(vf_mac), &vf_mac);
	mnl_attr_put(m, IFLA_VF_LINK_STATE, sizeof(state), &state);
	mnl_attr_nest_end(m, info);
	memcpy(mnl_nlmsg_get_payload_tail(m), vf1, sizeof(vf1));
	m->nlmsg_len += sizeof(vf1);
	mnl_attr_nest_end(m, list);
	return m;
}

static void test_vfs(void **state)
{
	(void)state;
	struct rtnl_vf v[4];
	char text[MAC_TEXT_SIZE];
	struct nlmsghdr *m = pf_message();

	assert_int_equal(rtnl_read_vfs(m, v, 4), 2);
	assert_int_equal(v[0].index, 0);
	assert_int_equal(v[0].link_state, VF_LINK_AUTO);
	assert_int_equal(v[0].vlan, -1);
	assert_int_equal(v[0].spoof_check, -1);
	assert_int_equal(v[1].index, 1);
	assert_string_equal(mac_format(&v[1].mac, text), "fa:16:3e:00:00:01");
	assert_int_equal(v[1].vlan, 101);
	assert_int_equal(v[1].spoof_check, 1);
	assert_int_equal(v[1].trust, -1);
	assert_int_equal(v[1].link_state, VF_LINK_DISABLE);
	assert_int_equal(rtnl_read_vfs(m, v, 1), 1);
	m->nlmsg_type = RTM_DELLINK;
	assert_int_equal(rtnl_read_vfs(m, v, 4), 0);
}

/* Cut off anywhere, less is known; of a VF without its number, nothing. */
static void test_broken_vfs(void **state)
{
	(void)state;
	struct rtnl_vf v[4];
	const struct nlmsghdr *m = pf_message();
	size_t whole = m->nlmsg_len;

	for (size_t len = NLMSG_HDRLEN; len < whole; len++) {
		cleanup_free char *cut = xmemdup(m, len);
		((struct nlmsghdr *)(void *)cut)->nlmsg_len = (uint32_t)len;
		/* The list's own length no longer fits. */
		assert_int_equal(rtnl_read_vfs((void *)cut, v, 4), 0);
	}

	/* The state is another VF's, or none that is known; the MAC is of a VF that cannot be. */
	static const struct ifla_vf_link_state states[] = {{1, 2}, {0, 3}, {0, UINT32_MAX}};
	for (size_t i = 0; i < ARRAY_SIZE(states) + 1; i++) {
		struct ifla_vf_mac vf_mac = {.vf = i < ARRAY_SIZE(states) ? 0 : RTNL_VFS_MAX};
		struct nlmsghdr *one = start_link(RTM_NEWLINK, 2, "pf0", UP);
		struct nlattr *list = mnl_attr_nest_start(one, IFLA_VFINFO_LIST);
		struct nlattr *info = mnl_attr_nest_start(one, IFLA_VF_INFO);
		mnl_attr_put(one, IFLA_VF_MAC, sizeof(vf_mac), &vf_mac);
		if (i < ARRAY_SIZE(states))
			mnl_attr_put(one, IFLA_VF_LINK_STATE, sizeof(states[i]), &states[i]);
		mnl_attr_nest_end(one, info);
		mnl_attr_nest_end(one, list);
		assert_int_equal(rtnl_read_vfs(one, v, 4), i < ARRAY_SIZE(states));
		if (i < ARRAY_SIZE(states))
			assert_int_equal(v[0].link_state, VF_LINK_UNKNOWN);
	}
}

static void test_vf_requests(void **state)
{
	(void)state;
	/* As `ip link set dev pf0 vf 3 state disable` sends it, by index. */
	static const uint8_t wanted[] = {
		0x14, 0, 0x16, 0x80, /* IFLA_VFINFO_LIST */
		0x10, 0, 1,    0x80, /* IFLA_VF_INFO */
		0x0c, 0, 5,    0,    3, 0, 0, 0, 2, 0, 0, 0,
	};
	struct nlmsghdr *m = rtnl_put_vf_link_state(buf, 2, 3, VF_LINK_DISABLE);
	const size_t header = NLMSG_HDRLEN + sizeof(struct ifinfomsg);

	assert_int_equal(m->nlmsg_type, RTM_SETLINK);
	assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(((struct ifinfomsg *)mnl_nlmsg_get_payload(m))->ifi_index, 2);
	assert_int_equal(m->nlmsg_len, header + sizeof(wanted));
	assert_memory_equal((char *)m + header, wanted, sizeof(wanted));

	m = rtnl_put_get_vfs(buf, 2);
	assert_int_equal(m->nlmsg_type, RTM_GETLINK);
	assert_int_equal(((struct ifinfomsg *)mnl_nlmsg_get_payload(m))->ifi_index, 2);
	const struct nlattr *mask = (const void *)((char *)m + header);
	assert_int_equal(mnl_attr_get_type(mask), IFLA_EXT_MASK);
	assert_true(mnl_attr_get_u32(mask) & RTEXT_FILTER_VF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vfs),
		cmocka_unit_test(test_broken_vfs),
		cmocka_unit_test(test_vf_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
