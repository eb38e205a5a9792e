/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink messages about links, bonds, addresses, neighbours and default routes: parsed and built
 * here, sent with net/netlink.h. Every attribute is checked against the end of the message and its
 * own length.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/tristate.h"
#include "net/ip.h"
#include "net/mac.h"
#include "net/netlink.h"

/* Values of the driver's options (kernel: include/uapi/linux/if_bonding.h, net/bonding.h). */
enum { BOND_OPTION_ACTIVE_BACKUP = 1 };
enum { BOND_FAIL_OVER_MAC_NONE = 0, BOND_FAIL_OVER_MAC_ACTIVE = 1, BOND_FAIL_OVER_MAC_FOLLOW = 2 };
enum { BOND_RESELECT_ALWAYS = 0, BOND_RESELECT_BETTER = 1, BOND_RESELECT_FAILURE = 2 };

/* -1: not in the message. */
struct rtnl_bond {
	int mode;
	int active; /* index of the active leg; 0: none */
	int miimon, arp_interval;
	int fail_over_mac;
	int primary; /* index; 0: none */
	int primary_reselect;
};

struct rtnl_link {
	int index;
	char name[IF_NAMESIZE];
	char kind[IF_NAMESIZE]; /* "bridge", "veth", "tun" (a tap), "bond" ...; "" for hardware */
	bool is_bond, is_vlan;
	bool up;       /* administratively */
	int master;    /* index of the bond or bridge that it is a leg of; 0: none */
	int parent;    /* index of the link below a VLAN; 0: none */
	unsigned vlan; /* id of a VLAN */
	bool loopback;
	enum tristate carrier; /* TRI_UNKNOWN if the link is down */
	bool has_mac;          /* a MAC of Ethernet's size */
	struct mac_addr mac;
	bool forwards6;       /* IPv6 forwarding is on */
	enum tristate mii_up; /* the bond's view of a leg; TRI_UNKNOWN: not a leg */
	bool has_permanent;
	struct mac_addr permanent; /* MAC outside the bond */
	struct rtnl_bond bond;
	bool seen; /* mark for tables of links */
};

struct rtnl_addr {
	int index;               /* of its link */
	struct ip_prefix prefix; /* the length is unchecked: at most 255 */
	bool tentative;          /* duplicate address detection is running, or has failed */
	bool seen;
};

/* A default route of the main table. */
struct rtnl_route {
	int index;
	struct ip_addr gateway;
	uint32_t metric;
};

/* An entry of a neighbour table, or of a bridge's forwarding table. */
struct rtnl_neighbour {
	int index;              /* of its link; in a forwarding table, the bridge's port */
	unsigned state;         /* NUD_* */
	struct ip_addr address; /* none in a forwarding table */
	bool has_mac;
	struct mac_addr mac;
};

/* RTM_NEWLINK and RTM_DELLINK; false for other and malformed messages. */
bool rtnl_read_link(const struct nlmsghdr *m, struct rtnl_link *ret_link);

/* RTM_NEWADDR and RTM_DELADDR. */
bool rtnl_read_addr(const struct nlmsghdr *m, struct rtnl_addr *ret_addr);

/* RTM_NEWNEIGH. */
bool rtnl_read_neighbour(const struct nlmsghdr *m, struct rtnl_neighbour *ret_neighbour);

/*
 * RTM_NEWROUTE and RTM_DELROUTE of a default route: stores up to max gateways in v, returns their
 * number.
 */
size_t rtnl_read_default(const struct nlmsghdr *m, struct rtnl_route *v, size_t max);

/* RTM_NEWROUTE: length of its destination's prefix, 0: a default route; -1: another message. */
int rtnl_read_route_len(const struct nlmsghdr *m);

/* Whether the message is about a default route. */
bool rtnl_is_default(const struct nlmsghdr *m);

/*
 * Requests, built in buf of RTNL_REQUEST_MAX bytes (aligned to 4), which is returned. All request
 * an acknowledgement.
 */
enum { RTNL_REQUEST_MAX = 1024 };

/* RTM_GETLINK, RTM_GETADDR or RTM_GETROUTE of all; link_filter: RTEXT_FILTER_*, or 0. */
struct nlmsghdr *rtnl_put_dump(void *buf, unsigned type, uint32_t link_filter);

/* RTM_GETROUTE: the entry that the kernel would use for the address (RTM_F_FIB_MATCH, Linux 4.13).
 */
struct nlmsghdr *rtnl_put_route_to(void *buf, const struct ip_addr *to);

/* The neighbour tables; forwarding: those of the bridges. */
struct nlmsghdr *rtnl_put_neighbours(void *buf, bool forwarding);

/* About the link with that index or, if 0, that name; attributes may follow. */
struct nlmsghdr *rtnl_put_link(void *buf, unsigned type, unsigned flags, int index,
			       const char *name);

struct nlmsghdr *rtnl_put_up(void *buf, const char *name, bool up);

/* A bridge that forwards at once: no spanning tree, no delay, no multicast snooping. */
struct nlmsghdr *rtnl_put_bridge(void *buf, const char *name, const struct mac_addr *mac);

struct nlmsghdr *rtnl_put_veth(void *buf, const char *name, const char *peer);

/* RTM_NEWADDR or RTM_DELADDR; an IPv6 address without duplicate address detection. */
struct nlmsghdr *rtnl_put_addr(void *buf, unsigned type, unsigned flags, int index,
			       const struct ip_prefix *prefix);

/* Makes the link with index leg the active one of the bond with index bond. */
struct nlmsghdr *rtnl_put_bond_active(void *buf, int bond, int leg);
