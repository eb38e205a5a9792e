// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/handle.h"
#include "vim/local/link.h"
#include "vim/local/netns.h"
#include "vim/local/segment.h"

/* The networks as structs of the model, in order of creation; strings are borrowed. */
struct networks {
	struct network *v;
	const struct network **p;
	size_t n;
};

static void networks_clear(struct networks *networks)
{
	for (size_t i = 0; i < networks->n; i++)
		free(networks->v[i].subnets);
	free_all(networks->v, networks->p);
}

#define cleanup_networks __attribute__((__cleanup__(networks_clear)))

static void read_networks(const struct records *records, struct networks *ret)
{
	*ret = (struct networks){0};
	for (size_t i = 0; i < records->n; i++) {
		const struct record *r = &records->v[i];
		if (r->kind != VIM_NETWORK)
			continue;
		struct network *network = array_push(ret->v, ret->n);
		int chosen = record_int(r->made, "segmentation_id");
		*network = (struct network){
			.name = r->name,
			.provider_network_type = (char *)record_string(r->spec, "type"),
			.provider_physical_network =
				(char *)record_string(r->spec, "physical_network"),
			.provider_segmentation_id =
				(uint32_t)(chosen ? chosen
						  : record_int(r->spec, "segmentation_id")),
		};
		for (size_t k = 0; k < records->n; k++) {
			const struct record *s = &records->v[k];
			if (s->kind == VIM_SUBNET &&
			    streq(record_string(s->spec, "network"), r->name))
				record_subnet(s, array_push(network->subnets, network->n_subnets));
		}
	}
	ret->p = xcalloc(ret->n, sizeof(*ret->p));
	for (size_t i = 0; i < ret->n; i++)
		ret->p[i] = &ret->v[i];
}

void net_physnets(const struct records *records, struct physnets *ret)
{
	for (size_t i = 0; i < records->n; i++) {
		if (records->v[i].kind == VIM_NETWORK)
			physnets_add(ret, record_string(records->v[i].spec, "physical_network"));
	}
}

static int plan(const struct records *records, struct segments *ret, struct err *err)
{
	cleanup_networks struct networks networks;

	read_networks(records, &networks);
	return segment_plan(networks.p, networks.n, ret, err);
}

static int apply(struct local *local, const struct records *records, const char *owner,
		 struct segments *ret, struct err *err)
{
	int r = local_netns(local, true, err);
	if (r == 0)
		r = plan(records, ret, err);
	if (r == 0)
		r = segment_apply(local->netns, ret, owner, err);
	return r;
}

int net_network_create(struct local *local, const struct records *records, struct record *network,
		       struct err *err)
{
	cleanup_segments struct segments segments = {0};

	int r = apply(local, records, network->owner, &segments, err);
	if (r < 0)
		return r;
	/* If none was requested: the next plan must not choose another. */
	unsigned vlan = segment_find(&segments, network->name)->vlan;
	if (vlan)
		json_object_set_new(network->made, "segmentation_id", json_integer(vlan));
	return 0;
}

int net_subnet_create(struct local *local, const struct records *records,
		      const struct record *subnet, struct err *err)
{
	const char *network = record_string(subnet->spec, "network");
	cleanup_segments struct segments segments = {0};

	if (!records_find(records, VIM_NETWORK, network))
		return err_set(err, NOT_FOUND, "Network %s could not be found.", network);
	return apply(local, records, subnet->owner, &segments, err);
}

int net_subnet_destroy(struct local *local, const struct records *records,
		       const struct record *subnet, struct err *err)
{
	cleanup_segments struct segments segments = {0};
	cleanup_free char *own = NULL;
	struct subnet gone;

	if (local_netns(local, false, NULL) == -ENOENT || plan(records, &segments, NULL) < 0)
		return 0;
	record_subnet(subnet, &gone);
	const struct segment_network *network =
		segment_find(&segments, record_string(subnet->spec, "network"));
	if (!network || segment_own_address(&gone, &own, NULL) < 0)
		return 0;

	const struct segment_bridge *bridge = &segments.bridges[network->service];
	cleanup_free char *address = xasprintf("%s/%u", own, gone.prefix);
	if (str_in(address, bridge->addresses, bridge->n_addresses))
		return 0; /* the other leg's network has the same */
	int r = local_netns(local, false, err);
	if (r == 0)
		r = link_addr_delete(local->netns, bridge->name, address, err);
	/* The kernel may have removed others of the same prefix too. */
	return r < 0 ? r : segment_apply(local->netns, &segments, subnet->owner, err);
}

int net_prune(struct local *local, const struct records *records, struct err *err)
{
	cleanup_segments struct segments segments = {0};

	if (local_netns(local, false, NULL) == -ENOENT)
		return 0;
	int r = local_netns(local, false, err);
	/* Without a valid plan (two networks in one VLAN, for example), leftovers are removed with
	 * the next network or with the namespace. */
	if (r == 0 && plan(records, &segments, NULL) < 0)
		return 0;
	if (r == 0)
		r = segment_prune(local->netns, &segments, err);
	return r;
}

int net_port_create(struct local *local, const struct records *records, struct record *port,
		    struct err *err)
{
	const char *network = record_string(port->spec, "network");
	cleanup_segments struct segments segments = {0};

	if (!records_find(records, VIM_NETWORK, network))
		return err_set(err, NOT_FOUND, "Network %s could not be found.", network);
	int r = port_choose(records, local->vim.tenant, local->vim.deployment, port, err);
	if (r == 0)
		r = local_netns(local, true, err);
	if (r == 0)
		r = plan(records, &segments, err);
	if (r < 0)
		return r;
	/* As Neutron names it. */
	cleanup_free char *tap = xasprintf("tap%.11s", port->id);
	json_object_set_new(port->made, "tap", json_string(tap));
	json_object_set_new(port->made, "link_up", json_true());
	r = record_save(&local->store, port, err);
	if (r == 0)
		r = link_tap_create(local->netns, tap, port->owner, err);
	if (r == 0)
		r = link_set_master(local->netns, tap, segment_bridge(&segments, network), err);
	if (r == 0)
		r = link_set_up(local->netns, tap, true, err);
	return r;
}

int net_port_uplink(const struct records *records, const struct record *port,
		    struct segment_uplink *ret, struct err *err)
{
	const char *network = record_string(port->spec, "network");
	cleanup_segments struct segments segments = {0};

	int r = plan(records, &segments, err);
	if (r < 0)
		return r;
	const char *bridge = segment_bridge(&segments, network);
	for (size_t i = 0; i < segments.n_uplinks; i++)
		if (streq(segments.uplinks[i].fabric, bridge)) {
			*ret = segments.uplinks[i];
			return 0;
		}
	return err_code(err, INVALID, ENOTSUP,
			"network \"%s\" has no physical network, so the path behind port \"%s\" "
			"cannot be cut: use --failure carrier",
			network, port->name);
}

int net_port_destroy(struct local *local, const struct record *port, struct err *err)
{
	const char *tap = record_string(port->made, "tap");

	if (!tap || local_netns(local, false, NULL) == -ENOENT)
		return 0;
	int r = local_netns(local, false, err);
	return r < 0 ? r : link_delete(local->netns, tap, err);
}

bool net_present(struct local *local, const struct records *records, const struct record *record,
		 bool *ret_in_use)
{
	cleanup_netdev_list struct netdev_list links = {0};
	cleanup_segments struct segments segments = {0};
	const char *name;

	*ret_in_use = false;
	if (local_netns(local, false, NULL) < 0 || link_list(local->netns, &links, NULL) < 0)
		return false;
	if (record->kind == VIM_PORT) {
		name = record_string(record->made, "tap");
	} else {
		if (plan(records, &segments, NULL) < 0) /* one conflict fails all of them */
			return record->done;
		name = segment_bridge(&segments, record->kind == VIM_NETWORK
							 ? record->name
							 : record_string(record->spec, "network"));
	}
	for (size_t i = 0; i < links.n; i++) {
		if (!streq(links.v[i].name, name))
			continue;
		*ret_in_use = links.v[i].carrier == TRI_YES;
		return true;
	}
	return false;
}
