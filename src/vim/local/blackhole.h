/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path failure with all carriers up: an nftables table drops packets at both ends of the path.
 * The kernel removes the table when the socket that created it is closed, so a killed process
 * leaves nothing behind.
 */
#pragma once

struct err;
struct netlink;

/*
 * Drops all packets on the veth pair a, b until *ret is closed (netlink_close). One per namespace:
 * the kernel refuses a second. Needs Linux 5.12 with nf_tables.
 */
int blackhole_veth(int ns, const char *a, const char *b, struct netlink **ret, struct err *err);
