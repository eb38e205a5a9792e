/* SPDX-License-Identifier: Apache-2.0 */
/* What rtnetlink and nfnetlink have in common; `ns` is a descriptor from netns_open. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "base/cleanup.h"

struct err;

/* protocol: NETLINK_ROUTE, NETLINK_NETFILTER. The caller closes. */
int netlink_open(int ns, int protocol, struct mnl_socket **ret, struct err *err);

/* Of an NLMSG_ERROR: 0 when it is an acknowledgement, else the kernel's error with its words. */
int netlink_refusal(const struct nlmsghdr *reply, struct err *err);

/* a, on a walk that ends at tail, is whole. */
bool netlink_attr_ok(const struct nlattr *a, const void *tail);

static inline void netlink_close(struct mnl_socket *nl)
{
	if (nl)
		mnl_socket_close(nl);
}
DEFINE_CLEANUP(struct mnl_socket *, cleanup_netlink_fn, netlink_close)
#define cleanup_netlink cleanup(cleanup_netlink_fn)
