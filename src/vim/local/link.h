/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links and addresses in a network namespace, by rtnetlink. `ns` is a descriptor from netns_open;
 * names are link names of the kernel, at most 15 characters. Creating a link that exists with the
 * same kind succeeds, so that the next run completes a killed one. `alias` is the owner's mark (at
 * most 255 bytes) or NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/rtnl.h"

struct err;
struct netlink;

#define LINK_NAME_SIZE IF_NAMESIZE

struct netdev_list {
	struct rtnl_link *v; /* carrier of a tap: QEMU has it open */
	size_t n;
};

void netdev_list_clear(struct netdev_list *list);
#define cleanup_netdev_list __attribute__((__cleanup__(netdev_list_clear)))

/*
 * prefix and text if that is a valid name of at most 15 characters, else as much of it as fits, "~"
 * and 6 hex digits of a hash of the text. prefix is at most 5 characters. ret must hold
 * LINK_NAME_SIZE bytes.
 */
void link_name(const char *prefix, const char *text, char *ret);

/*
 * A bridge that forwards at once: no spanning tree, no delay, no multicast snooping. Created down.
 */
int link_bridge_create(int ns, const char *name, const char *alias, struct err *err);

/* A veth pair, both ends with the alias. Created down. */
int link_veth_create(int ns, const char *name, const char *peer, const char *alias,
		     struct err *err);

/*
 * A persistent tap with virtio-net headers. QEMU, started in the namespace, opens it by name
 * (-netdev tap,ifname=NAME,script=no,downscript=no). Created down.
 */
int link_tap_create(int ns, const char *name, const char *alias, struct err *err);

/* master NULL: removes the link from its bridge. */
int link_set_master(int ns, const char *name, const char *master, struct err *err);

int link_set_up(int ns, const char *name, bool up, struct err *err);

/* "172.16.1.1/24" or "2001:db8::1/64": usable at once, without duplicate address detection. */
int link_addr_add(int ns, const char *name, const char *address, struct err *err);

/* A missing address or link is not an error. */
int link_addr_delete(int ns, const char *name, const char *address, struct err *err);

/* A missing link is not an error. Deleting one end of a veth pair deletes the other. */
int link_delete(int ns, const char *name, struct err *err);

int link_list(int ns, struct netdev_list *ret_list, struct err *err);

/*
 * A path failure with all carriers up: an nftables table drops packets at both ends of the path.
 * The kernel removes the table when the socket that created it is closed, so a killed process
 * leaves nothing behind.
 *
 * Drops all packets on the veth pair a, b until *ret is closed (netlink_close). One per namespace:
 * the kernel refuses a second. Needs Linux 5.12 with nf_tables.
 */
int blackhole_veth(int ns, const char *a, const char *b, struct netlink **ret, struct err *err);
