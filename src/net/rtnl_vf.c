// SPDX-License-Identifier: Apache-2.0
#include "net/rtnl_vf.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/rtnl.h"

_Static_assert((int)VF_LINK_AUTO == (int)IFLA_VF_LINK_STATE_AUTO &&
		       (int)VF_LINK_ENABLE == (int)IFLA_VF_LINK_STATE_ENABLE &&
		       (int)VF_LINK_DISABLE == (int)IFLA_VF_LINK_STATE_DISABLE,
	       "the kernel's numbers");

/* The payload of that attribute of a VF, of at least size bytes. */
static const void *vf_value(const struct nlattr *info, unsigned type, size_t size)
{
	const struct nlattr *a;

	for (each_nested(a, info))
		if (mnl_attr_get_type(a) == type && mnl_attr_get_payload_len(a) >= size)
			return mnl_attr_get_payload(a);
	return NULL;
}

/* The kernel leaves values unknown to the driver at all ones (rtnl_fill_vfinfo). */
static int setting(uint32_t value)
{
	return value == UINT32_MAX ? -1 : value != 0;
}

static bool read_vf(const struct nlattr *info, struct rtnl_vf *ret)
{
	const struct ifla_vf_mac *mac = vf_value(info, IFLA_VF_MAC, sizeof(*mac));
	const struct ifla_vf_vlan *vlan = vf_value(info, IFLA_VF_VLAN, sizeof(*vlan));
	const struct ifla_vf_spoofchk *spoof = vf_value(info, IFLA_VF_SPOOFCHK, sizeof(*spoof));
	const struct ifla_vf_trust *trust = vf_value(info, IFLA_VF_TRUST, sizeof(*trust));
	const struct ifla_vf_link_state *state = vf_value(info, IFLA_VF_LINK_STATE, sizeof(*state));

	if (!mac || mac->vf >= RTNL_VFS_MAX)
		return false;
	struct rtnl_vf vf = {
		.index = mac->vf,
		.vlan = -1,
		.trust = -1,
		.spoof_check = -1,
		.link_state = VF_LINK_UNKNOWN,
	};
	memcpy(vf.mac.bytes, mac->mac, MAC_SIZE);
	if (vlan && vlan->vf == mac->vf)
		vf.vlan = vlan->vlan & 0xfff;
	if (spoof && spoof->vf == mac->vf)
		vf.spoof_check = setting(spoof->setting);
	if (trust && trust->vf == mac->vf)
		vf.trust = setting(trust->setting);
	if (state && state->vf == mac->vf && state->link_state <= IFLA_VF_LINK_STATE_DISABLE)
		vf.link_state = (enum vf_link_state)state->link_state;
	*ret = vf;
	return true;
}

size_t rtnl_read_vfs(const struct nlmsghdr *m, struct rtnl_vf *v, size_t max)
{
	const struct ifinfomsg *ifi = netlink_header(m, sizeof(*ifi));
	const struct nlattr *a, *info;
	size_t n = 0;

	if (m->nlmsg_type != RTM_NEWLINK || !ifi)
		return 0;
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(*ifi)), netlink_end(m))) {
		if (mnl_attr_get_type(a) != IFLA_VFINFO_LIST)
			continue;
		for (each_nested(info, a))
			if (n < max && mnl_attr_get_type(info) == IFLA_VF_INFO &&
			    read_vf(info, &v[n]))
				n++;
	}
	return n;
}

struct nlmsghdr *rtnl_put_get_vfs(void *buf, int index)
{
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_GETLINK, 0, index, NULL);

	mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	return m;
}

struct nlmsghdr *rtnl_put_vf_link_state(void *buf, int index, unsigned vf, enum vf_link_state state)
{
	const struct ifla_vf_link_state value = {.vf = vf, .link_state = (uint32_t)state};
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_SETLINK, 0, index, NULL);
	struct nlattr *list = mnl_attr_nest_start(m, IFLA_VFINFO_LIST);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_VF_INFO);

	mnl_attr_put(m, IFLA_VF_LINK_STATE, sizeof(value), &value);
	mnl_attr_nest_end(m, info);
	mnl_attr_nest_end(m, list);
	return m;
}

const char *vf_link_state_name(enum vf_link_state state)
{
	switch (state) {
	case VF_LINK_AUTO:
		return "auto";
	case VF_LINK_ENABLE:
		return "enable";
	case VF_LINK_DISABLE:
		return "disable";
	case VF_LINK_UNKNOWN:
		break;
	}
	return NULL;
}
