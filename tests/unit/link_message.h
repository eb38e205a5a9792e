/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of links as the kernel sends them. */
#pragma once

#include <linux/rtnetlink.h>
#include <stdint.h>

#include "net/mac.h"
#include "net/rtnl.h"

enum { BUF = 2048 };

static const uint8_t mac[MAC_SIZE] = {0x52, 0x54, 0x00, 0xaa, 0x00, 0x01};
static char buf[BUF] __attribute__((aligned(8)));

/* Begins the message of a link. */
static struct nlmsghdr *start_link(int type, int index, const char *name, unsigned flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = (uint16_t)type;
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(m, sizeof(*ifi));
	ifi->ifi_index = index;
	ifi->ifi_flags = flags;
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	mnl_attr_put(m, IFLA_ADDRESS, sizeof(mac), mac);
	return m;
}

enum { UP = 1, RUNNING = 1 << 16 };
