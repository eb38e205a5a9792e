// SPDX-License-Identifier: Apache-2.0
/*
 * Data about compute hosts in the APIs: VFs in use (binding:profile of bound ports), CPUs in use
 * (/servers/ID/topology, 2.78), physical networks (the L2 agents' configurations). All of it is
 * visible to the role admin only. No API shows the NUMA node of a PF, or a node's free resources.
 */
#include "placement/facts.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/server_info.h"

#define TOPOLOGY_MINOR 78
#define TOPOLOGIES_MAX 500 /* queried servers, one call each */

#define PORTS_QUERY                                                            \
	"?fields=id&fields=name&fields=binding:host_id&fields=binding:profile" \
	"&fields=binding:vnic_type"

static void add_unseen(struct cloud_facts *facts, const char *what)
{
	char *before = facts->unseen;

	facts->unseen = before ? xasprintf("%s; %s", before, what) : xstrdup(what);
	free(before);
}

static void ask_topologies(struct openstack *os, const struct resources *servers,
			   struct cloud_facts *facts)
{
	cleanup_free struct call **calls = xcalloc(TOPOLOGIES_MAX, sizeof(struct call *));
	cleanup_free const char **hosts = xcalloc(TOPOLOGIES_MAX, sizeof(char *));
	size_t n = 0, refused = 0;

	for (size_t i = 0; i < servers->n; i++) {
		const struct vim_object *o = &servers->v[i].object;
		/* The topology of a refused server shows a node that it was never given. */
		if (!o->host)
			continue;
		if (n == TOPOLOGIES_MAX) {
			add_unseen(facts, "pinned CPUs are not queried for more than 500 servers");
			break;
		}
		hosts[n] = o->host;
		calls[n++] = call_new(SERVICE_COMPUTE, "GET",
				      xasprintf("/servers/%s/topology", o->id), NULL);
	}
	if (n)
		(void)session_calls(os->session, calls, n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (calls[i]->result == 0)
			facts_read_topology(calls[i]->answer, facts_host(facts, hosts[i]));
		else /* deleted meanwhile, or without a topology */
			refused += calls[i]->status != 404;
		call_free(calls[i]);
	}
	if (refused)
		add_unseen(facts, "Nova refuses to show the pinned CPUs of some servers");
}

static int ask_as_admin(struct openstack *os, struct cloud_facts *facts, struct err *err)
{
	cleanup_resources struct resources resources = {0};
	struct listing listings[] = {
		{VIM_PORT, xstrdup(PORTS_QUERY)},
		{VIM_SERVER, xstrdup("?all_tenants=1")},
	};
	json_t *agents = NULL;
	const json_t *agent;
	size_t i;

	int r = openstack_fetch(os, listings, ARRAY_SIZE(listings), &resources, err);
	if (r == 0)
		r = session_call(os->session, SERVICE_NETWORK, "GET", xstrdup("/agents"), NULL,
				 &agents, err);
	if (r < 0)
		return r;
	for (i = 0; i < resources.n; i++)
		if (resources.v[i].object.kind == VIM_PORT)
			facts_read_port(resources.v[i].json, facts);
	json_array_foreach (json_object_get(agents, "agents"), i, agent) {
		facts_read_agent(agent, facts);
	}
	json_decref(agents);
	if (session_nova_minor(os->session) < TOPOLOGY_MINOR)
		add_unseen(facts, "this Nova does not show pinned CPUs (microversion 2.78)");
	else
		ask_topologies(os, &resources, facts);
	return 0;
}

static void copy_properties(const json_t *from, const char *prefix, struct properties *ret)
{
	const char *name;
	const json_t *value;

	json_object_foreach ((json_t *)from, name, value) {
		if (json_is_string(value) && str_starts(name, prefix))
			*array_push(ret->v, ret->n) = (struct property){
				.name = xstrdup(name), .value = xstrdup(json_string_value(value))};
	}
}

static const struct resource *find(const struct openstack *os, enum vim_kind kind, const char *name)
{
	return name ? resources_by_name(&os->resources, kind, name, os->prefix, NULL) : NULL;
}

/* Flavors contain extra specs since 2.61; without them nothing is known. */
static void add_flavor(const struct openstack *os, const char *name, struct model *known)
{
	const struct resource *t = find(os, VIM_FLAVOR, name);
	const json_t *specs = t ? json_object_get(t->json, "extra_specs") : NULL;

	if (!specs || model_flavor(known, name))
		return;
	struct flavor *flavor = array_push(known->flavors, known->n_flavors);
	*flavor = (struct flavor){
		.name = xstrdup(name),
		.vcpus = (unsigned)json_integer_value(json_object_get(t->json, "vcpus")),
		.memory_mb = (unsigned)json_integer_value(json_object_get(t->json, "ram")),
		.root_disk_mb =
			(unsigned)json_integer_value(json_object_get(t->json, "disk")) * 1024,
	};
	copy_properties(specs, "", &flavor->properties);
}

static void add_image(const struct openstack *os, const char *name, struct model *known)
{
	const struct resource *t = find(os, VIM_IMAGE, name);

	if (!t || model_image(known, name))
		return;
	struct image *image = array_push(known->images, known->n_images);
	image->name = xstrdup(name);
	copy_properties(t->json, "hw_", &image->properties);
}

static void add_subnet(const json_t *o, struct network *network)
{
	const char *gateway = json_string_value(json_object_get(o, "gateway_ip"));
	struct ip_prefix cidr;

	if (!ip_prefix_parse(json_string_value(json_object_get(o, "cidr")), &cidr))
		return;
	*array_push(network->subnets, network->n_subnets) = (struct subnet){
		.name = json_try_text(o, "name"),
		.ip_version = cidr.addr.version,
		.dhcp = json_is_true(json_object_get(o, "enable_dhcp")),
		.address = ip_to_str(&cidr.addr),
		.prefix = cidr.len,
		.gateway = xstrdup(gateway),
		.no_gateway = !gateway,
	};
}

/* Type, segment and physical network are shown to admins only. */
static void add_network(const struct openstack *os, const char *name, struct model *known)
{
	const struct resource *t = find(os, VIM_NETWORK, name);
	static const struct deployment none = {0};

	if (!t || model_network(known, &none, name))
		return;
	struct network *network = array_push(known->networks, known->n_networks);
	const json_t *o = t->json;
	*network = (struct network){
		.name = xstrdup(name),
		.shared = json_is_true(json_object_get(o, "shared")),
		.provider_network_type = json_try_text(o, "provider:network_type"),
		.provider_physical_network = json_try_text(o, "provider:physical_network"),
		.provider_segmentation_id = (uint32_t)json_integer_value(
			json_object_get(o, "provider:segmentation_id")),
		.mtu = (unsigned)json_integer_value(json_object_get(o, "mtu")),
		.in_vim = true,
	};
	for (size_t i = 0; i < os->resources.n; i++)
		if (os->resources.v[i].object.kind == VIM_SUBNET &&
		    streq(os->resources.v[i].parent, t->object.id))
			add_subnet(os->resources.v[i].json, network);
}

static void add_known(const struct openstack *os, const struct vim_request *q, struct model *known)
{
	if (q->kind == VIM_PORT)
		add_network(os, q->port.network_name, known);
	if (q->kind != VIM_SERVER)
		return;
	add_flavor(os, q->server.flavor_name, known);
	add_image(os, q->server.image_name, known);
}

int openstack_facts(struct vim *vim, const struct vim_request *requests, size_t n,
		    struct cloud_facts *ret, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_facts struct cloud_facts facts = {.known = model_new(NULL)};
	int r = openstack_login(os, err);

	if (r == -ENOENT && os->make_project) {
		err_clear(err);
		add_unseen(&facts, "the project does not exist yet");
	} else if (r < 0) {
		return r;
	} else if (session_has_role(os->session, "admin")) {
		r = ask_as_admin(os, &facts, err);
		if (r < 0)
			return r;
	} else {
		add_unseen(&facts, "VFs and CPUs in use, the agents' mappings and the networks' "
				   "physical networks are visible to the role admin only");
	}
	for (size_t i = 0; i < n; i++)
		add_known(os, &requests[i], facts.known);
	*ret = steal(facts);
	return 0;
}
