/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink messages about the VFs of a PF: IFLA_VFINFO_LIST, parsed and built. */
#pragma once

#include "net/mac.h"
#include "net/netlink.h"

enum { RTNL_VFS_MAX = 1024 }; /* of one PF; PCIe allows more, but no NIC has more */

/* IFLA_VF_LINK_STATE_* of <linux/if_link.h>. */
enum vf_link_state {
	VF_LINK_UNKNOWN = -1,
	VF_LINK_AUTO = 0, /* follows the PF's link */
	VF_LINK_ENABLE = 1,
	VF_LINK_DISABLE = 2,
};

/* -1: not in the message, or not known to the driver. */
struct rtnl_vf {
	unsigned index;
	struct mac_addr mac;
	int vlan;
	int trust, spoof_check; /* 0, 1 */
	enum vf_link_state link_state;
};

/*
 * The VFs in RTM_NEWLINK, requested with RTEXT_FILTER_VF: stores up to max in v, returns their
 * number. Incomplete entries are left out.
 */
size_t rtnl_read_vfs(const struct nlmsghdr *m, struct rtnl_vf *v, size_t max);

/* RTM_GETLINK of one link with its VFs. */
struct nlmsghdr *rtnl_put_get_vfs(void *buf, int index);

/* RTM_SETLINK: the link state of a VF of the PF with that index. */
struct nlmsghdr *rtnl_put_vf_link_state(void *buf, int index, unsigned vf,
					enum vf_link_state state);

/* "auto", "enable", "disable"; NULL: unknown. */
const char *vf_link_state_name(enum vf_link_state state);
