/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path that fails while every carrier stays up: an nftables table drops what enters it at either
 * end. The kernel removes the table with the socket that made it, so a killed process leaves
 * nothing behind.
 */
#pragma once

struct err;
struct netlink;

/*
 * Drops all packets on the veth pair a, b until *ret is closed (netlink_close). One at a time in a
 * namespace: the kernel refuses a second. Needs Linux 5.12 with nf_tables.
 */
int blackhole_veth(int ns, const char *a, const char *b, struct netlink **ret, struct err *err);
