/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a deployment's networks become in its namespace.
 *
 * A network of a physnet (vlan or flat) is a fabric bridge, named as the physnet and the VLAN, with
 * an uplink (a veth pair) into the service bridge of its VLAN. So two networks of the same VLAN on
 * two physnets are one layer-2 segment over two fabrics, and taking an uplink down is a path
 * failure that neither leg sees as a loss of carrier. Any other network is one bridge. A name does
 * not depend on earlier networks (except to avoid a duplicate), so any of them may be removed.
 *
 *   tap - sriov0.101 - up-sriov0.101 = dn-sriov0.101 - vlan101 - dn-sriov1.101 = ... - tap
 *
 * The namespace's own addresses, each subnet's gateway, sit on the service bridge, or on the
 * network's bridge where there is no service bridge.
 */
#pragma once

#include <stddef.h>

#include "model/model.h"
#include "vim/local/link.h"

struct err;

struct segment_bridge {
	char name[LINK_NAME_SIZE];
	char **addresses; /* with prefix length */
	size_t n_addresses;
};

struct segment_uplink {
	char fabric[LINK_NAME_SIZE], up[LINK_NAME_SIZE];    /* `up` is a port of `fabric` */
	char service[LINK_NAME_SIZE], down[LINK_NAME_SIZE]; /* `down` is a port of `service` */
};

/* Where one network's ports go: bridges[ports] of its plan. */
struct segment_network {
	char *name;
	size_t ports;   /* index of the bridge for the taps */
	size_t service; /* index of the bridge with the addresses; may be the same */
	unsigned vlan;  /* of a vlan network, given or chosen; 0: it has none */
};

struct segments {
	struct segment_network *networks;
	size_t n_networks;
	struct segment_bridge *bridges;
	size_t n_bridges;
	struct segment_uplink *uplinks;
	size_t n_uplinks;
};

void segments_clear(struct segments *s);
#define cleanup_segments __attribute__((__cleanup__(segments_clear)))

/*
 * Pure. Refuses what Neutron refuses: a VLAN id twice on one physnet, an id over 4094. A vlan
 * network without an id gets a free one, and the caller should pass it from then on; a later
 * network with the same id on another physnet joins it.
 */
int segment_plan(const struct network *const *networks, size_t n, struct segments *ret_segments,
		 struct err *err);

/*
 * The namespace's address in the subnet, without prefix length: the gateway; if none is given, the
 * first host address, as Neutron does; if the subnet has no gateway, or one outside it, the highest
 * host address. The caller frees. Pure.
 */
int segment_own_address(const struct subnet *subnet, char **ret_address, struct err *err);

/* Creates missing bridges and links, with the alias, and sets them up. */
int segment_apply(int ns, const struct segments *segments, const char *alias, struct err *err);

/* Deletes the bridges and uplinks in the namespace that are not in segments (NULL: all of them). */
int segment_prune(int ns, const struct segments *segments, struct err *err);

/* By its name, or NULL. */
const struct segment_network *segment_find(const struct segments *segments, const char *network);

/* Name of the bridge for the network's taps, or NULL. */
const char *segment_bridge(const struct segments *segments, const char *network);

/* Name of the bridge with the network's addresses, or NULL. */
const char *segment_service_bridge(const struct segments *segments, const char *network);
