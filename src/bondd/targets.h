/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the legs of a bond probe, told from the kernel's tables. */
#pragma once

struct conf;
struct rtnl_link;
struct tables;
struct targets;

/*
 * The configured targets, each on the VLAN of the bond whose subnet it lies in; without any, the
 * gateway of the IPv4 default route over the bond or its VLANs with the lowest metric, or the IPv6
 * one: one is enough, for if it dies nobody moves.
 */
void targets_find(const struct tables *tables, const struct rtnl_link *bond,
		  const struct conf *conf, struct targets *ret_targets);
