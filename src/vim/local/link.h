/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links and addresses in a network namespace, by rtnetlink. `ns` is a descriptor from netns_open;
 * names are the kernel's, at most 15 characters. Making what is there already, of the same kind,
 * is success, so that a killed run is finished by the next. `alias` is the owner's mark (at most
 * 255 bytes) or NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/rtnl.h"

struct err;

#define LINK_NAME_SIZE IF_NAMESIZE

struct netdev_list {
	struct rtnl_link *v; /* carrier of a tap: QEMU has it open */
	size_t n;
};

void netdev_list_clear(struct netdev_list *list);
#define cleanup_netdev_list __attribute__((__cleanup__(netdev_list_clear)))

/*
 * prefix and text when that is a valid name of at most 15 characters, else as much of it as fits,
 * "~" and 6 hex digits of a hash: always the same for the same text. prefix is at most 5
 * characters. ret must hold LINK_NAME_SIZE bytes.
 */
void link_name(const char *prefix, const char *text, char *ret);

/* A bridge that forwards at once: no spanning tree, no delay, no multicast snooping. Down. */
int link_bridge_create(int ns, const char *name, const char *alias, struct err *err);

/* A pair of cable ends, both with the alias. Down. */
int link_veth_create(int ns, const char *name, const char *peer, const char *alias,
		     struct err *err);

/*
 * A persistent tap with virtio-net headers. QEMU, started in the namespace, opens it by its name
 * (-netdev tap,ifname=NAME,script=no,downscript=no). Down.
 */
int link_tap_create(int ns, const char *name, const char *alias, struct err *err);

/* master NULL: takes the link out of its bridge. */
int link_set_master(int ns, const char *name, const char *master, struct err *err);

int link_set_up(int ns, const char *name, bool up, struct err *err);

/* "172.16.1.1/24" or "2001:db8::1/64": usable at once, without duplicate address detection. */
int link_addr_add(int ns, const char *name, const char *address, struct err *err);

/* A missing address or link is no error. */
int link_addr_delete(int ns, const char *name, const char *address, struct err *err);

/* A missing link is no error. One end of a veth pair takes the other with it. */
int link_delete(int ns, const char *name, struct err *err);

int link_list(int ns, struct netdev_list *ret_list, struct err *err);
