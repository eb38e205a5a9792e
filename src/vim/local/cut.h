/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path that fails while every carrier stays: what enters it at either end is dropped, by an
 * nftables table that the kernel takes away with the socket that made it. So nothing is left of a
 * cut whose maker was killed.
 */
#pragma once

struct err;
struct netlink;

/*
 * Cuts the veth pair a, b until *ret is closed (netlink_close). One at a time in a namespace: the
 * kernel refuses a second. Needs Linux 5.12 with nf_tables.
 */
int cut_veth(int ns, const char *a, const char *b, struct netlink **ret, struct err *err);
