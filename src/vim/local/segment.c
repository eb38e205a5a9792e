// SPDX-License-Identifier: Apache-2.0
#include "vim/local/segment.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "net/ip.h"

#define VLAN_MAX      4094
#define VLAN_UNTAGGED 0 /* of a flat network */

/* State while planning: the bridge of each physnet and VLAN. */
struct fabric {
	const char *physnet;
	const struct network *network;
	unsigned vlan;
	size_t service; /* index of its bridge */
};

struct vlan_planner {
	struct segments out;
	struct fabric *fabrics;
	size_t n_fabrics;
};

void segments_clear(struct segments *s)
{
	for (size_t i = 0; i < s->n_networks; i++)
		free(s->networks[i].name);
	for (size_t i = 0; i < s->n_bridges; i++) {
		for (size_t k = 0; k < s->bridges[i].n_addresses; k++)
			free(s->bridges[i].addresses[k]);
		free(s->bridges[i].addresses);
	}
	free_all(s->networks, s->bridges, s->uplinks);
	*s = (struct segments){0};
}

static bool planned(const struct segments *s, const char *link)
{
	for (size_t i = 0; i < s->n_bridges; i++)
		if (streq(s->bridges[i].name, link))
			return true;
	return array_find(s->uplinks, s->n_uplinks, streq(it->up, link) || streq(it->down, link)) !=
	       NULL;
}

/*
 * A name derived from text that no link of the plan has, that is no tap's name, and that the kernel
 * allows: not `lo`, nor a folder of settings (sysctl_dev_name_is_allowed).
 */
static void choose_name(const struct segments *s, const char *prefix, const char *text, char *ret)
{
	bool reserved = !*prefix && (str_starts(text, "tap") || streq(text, "lo") ||
				     streq(text, "all") || streq(text, "default"));

	link_name(reserved ? "n-" : prefix, text, ret);
	for (unsigned i = 2; planned(s, ret); i++) {
		cleanup_free char *other = xasprintf("%s#%u", text, i);

		link_name(reserved ? "n-" : prefix, other, ret);
	}
}

static size_t add_bridge(struct segments *s, const char *text)
{
	char name[LINK_NAME_SIZE];

	choose_name(s, "", text, name);

	struct segment_bridge *b = array_push(s->bridges, s->n_bridges);

	memcpy(b->name, name, sizeof(name));
	return s->n_bridges - 1;
}

int segment_own_address(const struct subnet *subnet, char **ret_address, struct err *err)
{
	bool given = subnet->gateway && !subnet->no_gateway;
	struct ip_prefix net;
	struct ip_addr ip;

	if (!subnet_prefix(subnet, &net))
		return err_set(err, INVALID, "subnet \"%s\": %s/%u is not an IPv%d network",
			       subnet->name, subnet->address ? subnet->address : "", subnet->prefix,
			       subnet->ip_version);
	if (given && (!ip_parse(subnet->gateway, &ip) || ip.version != subnet->ip_version))
		return err_set(err, INVALID,
			       "subnet \"%s\": gateway \"%s\" is not an IPv%d address",
			       subnet->name, subnet->gateway, subnet->ip_version);
	if (!given || !ip_prefix_contains(&net, &ip)) {
		/* The lowest and, for IPv4, the highest address of a network are not host
		 * addresses, unless it has only one or two. */
		bool small = subnet->prefix + 2 > 8 * ip_size(&net.addr);
		bool highest = given || subnet->no_gateway;

		ip = highest ? ip_prefix_last(&net) : ip_prefix_first(&net);
		if (highest && ip.version == 4 && !small)
			ip_add(&ip, -1);
		else if (!highest && !small)
			ip_add(&ip, 1);
	}
	*ret_address = ip_to_str(&ip);
	return 0;
}

static int add_addresses(struct segment_bridge *b, const struct network *network, struct err *err)
{
	for (size_t i = 0; i < network->n_subnets; i++) {
		cleanup_free char *own = NULL;
		int r = segment_own_address(&network->subnets[i], &own, err);

		if (r < 0)
			return r;

		cleanup_free char *address = xasprintf("%s/%u", own, network->subnets[i].prefix);
		bool there = false;

		/* The networks of both legs may have the same subnet. */
		for (size_t k = 0; k < b->n_addresses; k++)
			there |= streq(b->addresses[k], address);
		if (there)
			continue;

		char **slot = array_push(b->addresses, b->n_addresses);

		*slot = steal_ptr(address);
	}
	return 0;
}

static bool on_physnet(const struct network *n)
{
	return n->provider_physical_network &&
	       (streq(n->provider_network_type, "vlan") || streq(n->provider_network_type, "flat"));
}

static bool vlan_used(const struct vlan_planner *p, const struct network *const *networks, size_t n,
		      unsigned vlan)
{
	for (size_t i = 0; i < n; i++)
		if (on_physnet(networks[i]) && networks[i]->provider_segmentation_id == vlan)
			return true;
	return array_find(p->fabrics, p->n_fabrics, it->vlan == vlan) != NULL;
}

static int choose_vlan(const struct vlan_planner *p, const struct network *const *networks,
		       size_t n, const struct network *network, unsigned *ret_vlan, struct err *err)
{
	unsigned vlan = network->provider_segmentation_id;

	if (streq(network->provider_network_type, "flat")) {
		*ret_vlan = VLAN_UNTAGGED;
		return 0;
	}
	if (vlan > VLAN_MAX)
		return err_code(err, INVALID, ERANGE, "VLAN id %u: must be at most %d", vlan,
				VLAN_MAX);
	if (vlan == 0) {
		/* From the top: a later network is more likely to request a low one. */
		for (vlan = VLAN_MAX; vlan > 0 && vlan_used(p, networks, n, vlan);)
			vlan--;
		if (vlan == 0)
			return err_set(err, NO_CAPACITY, "no VLAN id is free");
	}
	*ret_vlan = vlan;
	return 0;
}

static int add_fabric(struct vlan_planner *p, const struct network *network, unsigned vlan,
		      struct segment_network *where, struct err *err)
{
	const char *physnet = network->provider_physical_network;
	cleanup_free char *text =
		vlan == VLAN_UNTAGGED ? xstrdup(physnet) : xasprintf("%s.%u", physnet, vlan);
	bool have_service = false;

	for (size_t i = 0; i < p->n_fabrics; i++) {
		const struct fabric *f = &p->fabrics[i];

		if (f->vlan != vlan)
			continue;
		if (streq(f->physnet, physnet))
			return err_code(err, REFUSED, EEXIST,
					"VLAN %u of physical network \"%s\" is in use by network "
					"\"%s\": choose another provider_segmentation_id",
					vlan, physnet, f->network->name);
		where->service = f->service;
		have_service = true;
	}
	where->vlan = vlan;
	where->ports = add_bridge(&p->out, text);
	if (!have_service) {
		cleanup_free char *name =
			vlan == VLAN_UNTAGGED ? xstrdup("untagged") : xasprintf("vlan%u", vlan);

		where->service = add_bridge(&p->out, name);
	}

	const char *fabric = p->out.bridges[where->ports].name;
	struct segment_uplink uplink;

	memcpy(uplink.fabric, fabric, LINK_NAME_SIZE);
	memcpy(uplink.service, p->out.bridges[where->service].name, LINK_NAME_SIZE);
	choose_name(&p->out, "up-", fabric, uplink.up);
	choose_name(&p->out, "dn-", fabric, uplink.down);

	struct segment_uplink *slot = array_push(p->out.uplinks, p->out.n_uplinks);
	struct fabric *f = array_push(p->fabrics, p->n_fabrics);

	*slot = uplink;
	*f = (struct fabric){physnet, network, vlan, where->service};
	return 0;
}

int segment_plan(const struct network *const *networks, size_t n, struct segments *ret_segments,
		 struct err *err)
{
	struct vlan_planner p = {0};
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct segment_network where = {0};
		unsigned vlan = VLAN_UNTAGGED;

		if (on_physnet(networks[i])) {
			r = choose_vlan(&p, networks, n, networks[i], &vlan, err);
			if (r == 0)
				r = add_fabric(&p, networks[i], vlan, &where, err);
		} else {
			where.ports = where.service = add_bridge(&p.out, networks[i]->name);
		}
		if (r == 0)
			r = add_addresses(&p.out.bridges[where.service], networks[i], err);
		if (r < 0)
			err_wrap(err, "network %s", networks[i]->name);
		where.name = xstrdup(networks[i]->name);

		struct segment_network *slot = array_push(p.out.networks, p.out.n_networks);

		*slot = where;
	}
	free(p.fabrics);
	if (r < 0) {
		segments_clear(&p.out);
		return r;
	}
	*ret_segments = p.out;
	return 0;
}

static int apply_uplink(int ns, const struct segment_uplink *u, const char *alias, struct err *err)
{
	int r = link_veth_create(ns, u->up, u->down, alias, err);

	if (r == 0)
		r = link_set_master(ns, u->up, u->fabric, err);
	if (r == 0)
		r = link_set_master(ns, u->down, u->service, err);
	if (r == 0)
		r = link_set_up(ns, u->up, true, err);
	return r < 0 ? r : link_set_up(ns, u->down, true, err);
}

int segment_apply(int ns, const struct segments *segments, const char *alias, struct err *err)
{
	for (size_t i = 0; i < segments->n_bridges; i++) {
		const struct segment_bridge *b = &segments->bridges[i];
		int r = link_bridge_create(ns, b->name, alias, err);

		for (size_t k = 0; k < b->n_addresses && r == 0; k++)
			r = link_addr_add(ns, b->name, b->addresses[k], err);
		if (r == 0)
			r = link_set_up(ns, b->name, true, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < segments->n_uplinks; i++) {
		int r = apply_uplink(ns, &segments->uplinks[i], alias, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int segment_prune(int ns, const struct segments *segments, struct err *err)
{
	cleanup_netdev_list struct netdev_list links = {0};
	int r = link_list(ns, &links, err);

	for (size_t i = 0; i < links.n && r == 0; i++) {
		const struct rtnl_link *l = &links.v[i];

		if ((streq(l->kind, "bridge") || streq(l->kind, "veth")) &&
		    !(segments && planned(segments, l->name)))
			r = link_delete(ns, l->name, err);
	}
	return r;
}

const struct segment_network *segment_find(const struct segments *segments, const char *network)
{
	return array_find(segments->networks, segments->n_networks, streq(it->name, network));
}

const char *segment_bridge(const struct segments *segments, const char *network)
{
	const struct segment_network *n = segment_find(segments, network);

	return n ? segments->bridges[n->ports].name : NULL;
}

const char *segment_service_bridge(const struct segments *segments, const char *network)
{
	const struct segment_network *n = segment_find(segments, network);

	return n ? segments->bridges[n->service].name : NULL;
}
