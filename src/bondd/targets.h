/* SPDX-License-Identifier: Apache-2.0 */
/* The targets that the legs of a bond probe, from the kernel's tables. */
#pragma once

struct conf;
struct rtnl_link;
struct tables;
struct targets;

/*
 * The configured targets, each on the VLAN of the bond whose subnet contains it. Without configured
 * targets: the gateway of the IPv4 default route with the lowest metric over the bond or its VLANs,
 * else the IPv6 one. One target suffices: if it fails, no leg gets a reply, and the bond is not
 * moved.
 */
void targets_find(const struct tables *tables, const struct rtnl_link *bond,
		  const struct conf *conf, struct targets *ret_targets);
