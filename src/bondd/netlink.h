/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's rtnetlink messages say of links, bonds, addresses and default routes. Reading
 * only; every attribute is checked against the message's end and its own length first.
 */
#pragma once

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/tristate.h"
#include "bondd/decide.h"
#include "bondd/frame.h"
#include "net/ip.h"
#include "net/mac.h"

/* Values of the driver's options (kernel: include/uapi/linux/if_bonding.h, net/bonding.h). */
enum { BOND_OPTION_ACTIVE_BACKUP = 1 };
enum { BOND_FAIL_OVER_MAC_NONE = 0, BOND_FAIL_OVER_MAC_ACTIVE = 1, BOND_FAIL_OVER_MAC_FOLLOW = 2 };
enum { BOND_RESELECT_ALWAYS = 0, BOND_RESELECT_BETTER = 1, BOND_RESELECT_FAILURE = 2 };

/* -1 where the message does not say. */
struct bond_options {
	int mode;
	int active; /* index of the active leg; 0: none */
	int miimon, arp_interval;
	int fail_over_mac;
	int primary; /* index; 0: none */
	int primary_reselect;
};

struct link {
	int index;
	char name[IF_NAMESIZE];
	bool is_bond, is_vlan;
	int master;    /* index of the bond or bridge that it is a leg of; 0: none */
	int parent;    /* index of the link below a VLAN; 0: none */
	unsigned vlan; /* id of a VLAN */
	bool loopback;
	enum tristate carrier; /* TRI_UNKNOWN while it is down */
	bool has_mac;          /* a MAC of Ethernet's size */
	struct mac_addr mac;
	bool forwards6;       /* IPv6 forwarding is on */
	enum tristate mii_up; /* the bond's view of a leg; TRI_UNKNOWN: it is no leg */
	bool has_permanent;
	struct mac_addr permanent; /* MAC outside the bond */
	struct bond_options bond;
	bool seen; /* see tables.h */
};

struct address {
	int index;               /* of its link */
	struct ip_prefix prefix; /* the length is the kernel's: at most 255 */
	bool tentative;          /* duplicate address detection runs, or has failed */
	bool seen;
};

/* A default route of the main table. */
struct route {
	int index;
	struct ip_addr gateway;
	uint32_t metric;
};

/*
 * The first message of len bytes is whole; on to the next with mnl_nlmsg_next. (mnl_nlmsg_ok of
 * libmnl before 1.0.5 takes a length above INT_MAX for a negative one.)
 */
bool netlink_ok(const struct nlmsghdr *m, int len);

/* RTM_NEWLINK and RTM_DELLINK; false when it is neither, or broken. */
bool netlink_read_link(const struct nlmsghdr *m, struct link *ret_link);

/* RTM_NEWADDR and RTM_DELADDR. */
bool netlink_read_address(const struct nlmsghdr *m, struct address *ret_address);

/* RTM_NEWROUTE and RTM_DELROUTE of a default route: up to max gateways into v, the number back. */
size_t netlink_read_default(const struct nlmsghdr *m, struct route *v, size_t max);

/* Is it about a default route, whatever it says of it? */
bool netlink_is_default(const struct nlmsghdr *m);

/* RTM_NEWLINK that makes the link with index leg the active one of the bond with index bond. */
struct nlmsghdr *netlink_put_active(void *buf, int bond, int leg);

/* -errno (or 0) of NLMSG_ERROR or NLMSG_DONE, with the kernel's own words where it has any. */
int netlink_read_error(const struct nlmsghdr *m, const char **ret_words);
