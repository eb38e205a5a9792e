// SPDX-License-Identifier: Apache-2.0
#include "placement/schedule.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "model/model.h"
#include "placement/facts.h"
#include "placement/request.h"

/* A server that has its host; hosts.n: one that no file describes. */
struct assignment {
	const struct wanted_server *server;
	size_t host;
};

struct scheduler {
	const struct schedule_request *request;
	const struct cloud_facts *facts; /* or NULL */
	struct compute_hosts hosts;      /* as full as by now */
	struct assignment *assignments;  /* of one VNF */
	size_t n_assignments;
	bool further; /* VNFs beside the request's own: their groups are empty */
};

/* ---- the request ---- */

void schedule_request_make(const struct model *model, const struct deployment *deployment,
			   struct schedule_request *ret)
{
	struct schedule_request request = {.model = model, .deployment = deployment};

	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		const char *server_group = NULL, *policy = NULL;
		if (!server_group_of(deployment, group, &server_group, &policy))
			server_group = policy = NULL;
		for (unsigned i = 0; i < group->scaling.min_active; i++)
			*array_push(request.v, request.n) = (struct wanted_server){
				.name = vm_group_server_name(deployment, group, i),
				.group = group,
				.index = i,
				.server_group = server_group,
				.policy = policy,
			};
	}
	*ret = request;
}

struct wanted_server *schedule_request_find(struct schedule_request *request, const char *name)
{
	return array_find(request->v, request->n, streq(it->name, name));
}

void schedule_request_clear(struct schedule_request *request)
{
	for (size_t i = 0; i < request->n; i++)
		free(request->v[i].name);
	free(request->v);
	*request = (struct schedule_request){0};
}

/* ---- the requests of one server ---- */

/* Of the descriptor, else of the VIM; NULL: not known. */
static const struct network *network_of(const struct scheduler *p, const struct interface *port)
{
	const struct schedule_request *r = p->request;
	const struct network *network = model_network(r->model, r->deployment, port->network);

	return network || !p->facts ? network : facts_network(p->facts->known, port->network);
}

static const char *physnet_of(const struct scheduler *p, const struct interface *port)
{
	const struct network *network = network_of(p, port);

	return network ? network->provider_physical_network : NULL;
}

/*
 * Is the port's network surely on no physnet? The cloud itself may give one to a network of type
 * vlan or flat, and to one that names no type.
 */
static bool is_overlay(const struct scheduler *p, const struct interface *port)
{
	static const char types[] = "vxlan gre geneve local";
	const struct schedule_request *r = p->request;
	const struct network *network = network_of(p, port);

	if (!network || network->provider_physical_network)
		return false;
	/* What the VIM shows without one has none. */
	return !model_network(r->model, r->deployment, port->network) ||
	       (network->provider_network_type &&
		str_in_words(types, network->provider_network_type));
}

/* Of the descriptor, else of the VIM; NULL: not known. */
static const struct flavor *flavor_of(const struct scheduler *p, const struct wanted_server *server)
{
	const struct flavor *flavor = model_flavor(p->request->model, server->group->flavor);

	return flavor || !p->facts || !p->facts->known
		       ? flavor
		       : model_flavor(p->facts->known, server->group->flavor);
}

static const struct image *image_of(const struct scheduler *p, const struct wanted_server *server)
{
	const struct image *image = model_image(p->request->model, server->group->image);

	return image || !p->facts || !p->facts->known
		       ? image
		       : model_image(p->facts->known, server->group->image);
}

/* vnic types by nova/network/model.py, VNIC_TYPES_SRIOV */
static int add_port(const struct scheduler *p, const struct wanted_server *server,
		    const struct interface *port, struct fit_request *request, struct err *err)
{
	const char *physnet = physnet_of(p, port);
	const struct fit_port wanted = {
		.nicid = port->nicid,
		.network = port->network,
		.physnet = (char *)physnet,
		.type = port->type == PORT_PASSTHRU ? PCI_PF : PCI_VF,
		.trusted = streq(
			model_port_option(p->request->deployment, server->group, port, "trusted"),
			"true"),
	};

	if (port->type == PORT_VIRTUAL)
		return 0;
	if (!is_overlay(p, port) && !physnet)
		return err_set(err, NOT_FOUND,
			       "port %u: the physical network of network \"%s\" is visible to the "
			       "role admin only",
			       port->nicid, port->network);
	return fit_request_add_port(request, flavor_of(p, server), image_of(p, server), &wanted,
				    model_port_option(p->request->deployment, server->group, port,
						      "numa_affinity_policy"),
				    err);
}

/* -ENOENT: the flavor or a network is not known. */
static int make_request(const struct scheduler *p, const struct wanted_server *server,
			struct fit_request *ret, struct err *err)
{
	const struct vm_group *group = server->group;
	const struct flavor *flavor = flavor_of(p, server);
	const struct image *image = image_of(p, server);
	cleanup_fit_request struct fit_request request = {0};

	if (!flavor)
		return err_set(
			err, NOT_FOUND,
			"flavor \"%s\" is not in the descriptor, so its requests are unknown",
			group->flavor);
	int r = fit_request_from_flavor(flavor, image, &request, err);
	for (size_t i = 0; r == 0 && i < group->n_interfaces; i++)
		r = add_port(p, server, &group->interfaces[i], &request, err);
	if (r < 0)
		return r;
	if (!image)
		fit_request_add_unseen(&request, "the properties of image", group->image);
	*ret = steal(request);
	return 0;
}

/* ---- what the VIM knows of hosts ---- */

static void hosts_copy(const struct compute_hosts *from, struct compute_hosts *ret)
{
	*ret = (struct compute_hosts){.v = xcalloc(from->n, sizeof(*ret->v)), .n = from->n};
	for (size_t i = 0; i < from->n; i++)
		compute_host_copy(&from->v[i], &ret->v[i]);
}

/* What the VIM knows of the host, or NULL. */
static const struct host_facts *facts_of(const struct scheduler *p, const char *host)
{
	for (size_t i = 0; p->facts && i < p->facts->n; i++)
		if (streq(p->facts->v[i].name, host))
			return &p->facts->v[i];
	return NULL;
}

static bool has_bridge(const struct host_facts *h, const char *physnet)
{
	return array_find(h->bridges.v, h->bridges.n, streq(*it, physnet)) != NULL;
}

static bool lacks_bridge(const struct scheduler *p, const struct wanted_server *server,
			 const struct host_facts *h)
{
	const struct vm_group *group = server->group;

	for (size_t i = 0; h->has_switch_agent && i < group->n_interfaces; i++) {
		const struct interface *port = &group->interfaces[i];
		const char *physnet = port->type == PORT_VIRTUAL ? physnet_of(p, port) : NULL;
		if (physnet && !has_bridge(h, physnet))
			return true;
	}
	return false;
}

/* No agent at all has a bridge for the physnet; without agents nothing is known. */
static bool no_bridge_anywhere(const struct scheduler *p, const char *physnet)
{
	size_t agents = 0;

	for (size_t i = 0; p->facts && i < p->facts->n; i++) {
		if (has_bridge(&p->facts->v[i], physnet))
			return false;
		agents += p->facts->v[i].has_switch_agent;
	}
	return agents > 0;
}

/* Why no host can serve the port, whatever it has; NULL: some may. */
static char *impossible(const struct scheduler *p, const struct interface *port)
{
	const struct network *network = network_of(p, port);
	const char *physnet = physnet_of(p, port);

	if (port->type == PORT_VIRTUAL)
		return physnet && no_bridge_anywhere(p, physnet)
			       ? xasprintf(
					 "port %u is virtual and its network %s is on physnet %s, "
					 "for which no Open vSwitch agent has a bridge mapping: it "
					 "cannot be bound; make it a port of type direct, or add "
					 "the physnet to bridge_mappings",
					 port->nicid, port->network, physnet)
			       : NULL;
	if (!network || !is_overlay(p, port))
		return NULL;
	return xasprintf(
		"port %u is of type %s and its network %s has no physical network%s%s, so no NIC "
		"serves it; set provider_physical_network, or make the port virtual",
		port->nicid, port_type_name(port->type), port->network,
		network->provider_network_type ? ", being " : "",
		network->provider_network_type ? network->provider_network_type : "");
}

/* The first such port's, or NULL. */
static char *impossible_port(const struct scheduler *p, const struct wanted_server *server)
{
	char *why = NULL;

	for (size_t i = 0; !why && i < server->group->n_interfaces; i++)
		why = impossible(p, &server->group->interfaces[i]);
	return why;
}

/* ---- groups and hosts ---- */

/* Of its server group. NULL: in none, or the VIM has one host and does not apply policies. */
static const char *group_policy(const struct scheduler *p, const struct wanted_server *server)
{
	return p->facts && p->facts->one_host ? NULL : server->policy;
}

static bool same_group(const struct wanted_server *a, const struct wanted_server *b)
{
	return a->policy && streq(a->server_group, b->server_group) && streq(a->policy, b->policy);
}

/* The one that the descriptor names. NULL: none, or the VIM has one host and ignores the name. */
static const char *zone_host(const struct scheduler *p, const struct wanted_server *server)
{
	const struct vm_group *group = server->group;

	if (p->facts && p->facts->one_host)
		return NULL;
	for (size_t i = 0; i < group->n_placements; i++)
		if (streq(group->placements[i].type, "zone_host"))
			return group->placements[i].host;
	return NULL;
}

/* Is another server of its group on the host (here), or only elsewhere? */
static void find_peers(const struct scheduler *p, const struct wanted_server *server, size_t host,
		       bool *ret_here, bool *ret_elsewhere)
{
	*ret_here = *ret_elsewhere = false;
	for (size_t i = 0; i < p->n_assignments; i++) {
		if (!same_group(p->assignments[i].server, server))
			continue;
		*ret_here |= p->assignments[i].host == host;
		*ret_elsewhere |= p->assignments[i].host != host;
	}
}

static enum veto veto_of(const struct scheduler *p, const struct wanted_server *server, size_t host)
{
	const char *name = p->hosts.v[host].name, *wanted = zone_host(p, server);
	const char *policy = group_policy(p, server);
	const struct host_facts *h = facts_of(p, name);
	bool here, elsewhere;

	if (wanted && !streq(wanted, name))
		return VETO_ZONE_HOST;
	find_peers(p, server, host, &here, &elsewhere);
	if (here && streq(policy, "anti-affinity"))
		return VETO_APART;
	if (elsewhere && streq(policy, "affinity"))
		return VETO_TOGETHER;
	return h && lacks_bridge(p, server, h) ? VETO_BRIDGE : VETO_NONE;
}

/* The first host that takes it; with soft anti-affinity one without its kind, if there is one. */
static size_t choose(const struct scheduler *p, const struct wanted_server *server,
		     const struct fit_request *request)
{
	size_t second = p->hosts.n;

	for (size_t i = 0; i < p->hosts.n; i++) {
		bool here, elsewhere;
		enum fit_verdict verdict = fit_host(&p->hosts.v[i], request, NULL);
		if (!fits_as_known(verdict) || veto_of(p, server, i) != VETO_NONE)
			continue;
		find_peers(p, server, i, &here, &elsewhere);
		if (!here)
			return i;
		if (second == p->hosts.n)
			second = i;
	}
	return second;
}

static void assign(struct scheduler *p, const struct wanted_server *server,
		   const struct fit_request *request, size_t host)
{
	cleanup_fit_result struct fit_result result = {0};

	fit_host(&p->hosts.v[host], request, &result);
	fit_consume(&p->hosts.v[host], request, &result);
	*array_push(p->assignments, p->n_assignments) = (struct assignment){server, host};
}

static void look_at_hosts(const struct scheduler *p, struct scheduled_server *s)
{
	cleanup_free bool *vetoed = xcalloc(p->hosts.n, sizeof(*vetoed));

	hosts_copy(&p->hosts, &s->hosts);
	s->vetoes = xcalloc(s->hosts.n, sizeof(*s->vetoes));
	for (size_t i = 0; i < s->hosts.n; i++) {
		s->vetoes[i] = veto_of(p, s->server, i);
		vetoed[i] = s->vetoes[i] != VETO_NONE;
	}
	explain(s->hosts.v, s->hosts.n, vetoed, &s->request, flavor_of(p, s->server),
		image_of(p, s->server), &s->explanation);
	for (size_t i = 0; i < s->hosts.n; i++) {
		s->n_others += s->vetoes[i] == VETO_NONE && !s->explanation.results[i].n_reasons &&
			       i != s->host;
	}
}

static size_t host_index(const struct scheduler *p, const char *name)
{
	size_t i = 0;

	while (i < p->hosts.n && !streq(p->hosts.v[i].name, name))
		i++;
	return i;
}

/* Servers that stay are in their groups already; what they use is in the hosts. */
static void assign_those_that_stay(struct scheduler *p)
{
	for (size_t i = 0; i < p->request->n; i++) {
		const struct wanted_server *s = &p->request->v[i];
		if (s->stays && s->host)
			*array_push(p->assignments, p->n_assignments) =
				(struct assignment){s, host_index(p, s->host)};
	}
}

/* A server of the same group on a host that is not known: it may veto any of them. */
static void add_unseen_peers(const struct scheduler *p, const struct wanted_server *server,
			     struct fit_request *request)
{
	const char *policy = group_policy(p, server);
	bool strict = streq(policy, "affinity") || streq(policy, "anti-affinity");

	for (size_t i = 0; strict && !p->further && i < p->request->n; i++) {
		const struct wanted_server *s = &p->request->v[i];
		if (s->stays && !s->host && same_group(s, server))
			fit_request_add_unseen(request, "the host of", s->name);
	}
}

/* The one that it has to join on a host that no file describes, or NULL. */
static const struct wanted_server *peer_on_unknown_host(const struct scheduler *p,
							const struct wanted_server *server)
{
	if (!streq(group_policy(p, server), "affinity"))
		return NULL;
	for (size_t i = 0; i < p->n_assignments; i++) {
		const struct wanted_server *peer = p->assignments[i].server;
		if (p->assignments[i].host == p->hosts.n && same_group(peer, server))
			return peer;
	}
	return NULL;
}

/* Why "it fits on no host" cannot be known, or NULL: it is known. */
static char *why_unknown(const struct scheduler *p, const struct scheduled_server *s)
{
	const char *wanted = zone_host(p, s->server);
	const struct wanted_server *peer = peer_on_unknown_host(p, s->server);

	if (!p->hosts.n)
		return xstrdup("no compute host is described");
	if (wanted && host_index(p, wanted) == p->hosts.n)
		return xasprintf("the descriptor's zone_host is %s, but no file describes it",
				 wanted);
	if (peer)
		return xasprintf(
			"%s of its affinity group is on %s, but no file describes that host",
			peer->name, peer->host);
	for (size_t i = 0; i < s->hosts.n; i++) {
		const struct fit_result *result = &s->explanation.results[i];

		if (s->vetoes[i] != VETO_NONE || result->verdict != FIT_UNDECIDED)
			continue;
		return xasprintf(
			array_find(result->reasons, result->n_reasons, it->kind == FIT_GAVE_UP)
				? "there are too many assignments on %s to try all of them"
				: "whether %s can take it cannot be told from its file",
			s->hosts.v[i].name);
	}
	if (!p->further && p->request->frees_capacity)
		return xstrdup("it fits on no host beside the servers that deploy removes first");
	return NULL;
}

static void place(struct scheduler *p, const struct wanted_server *server,
		  struct scheduled_server *ret)
{
	cleanup_err struct err err = ERR_INIT;
	struct scheduled_server s = {.server = server, .host = p->hosts.n};

	int r = make_request(p, server, &s.request, &err);
	if (r < 0) {
		s.verdict = r == -ENOENT ? SCHEDULE_UNKNOWN : SCHEDULE_NOWHERE;
		s.why = xstrdup(err.text);
		hosts_copy(&(struct compute_hosts){0}, &s.hosts);
		s.host = 0;
		*ret = s;
		return;
	}
	add_unseen_peers(p, server, &s.request);
	s.why = impossible_port(p, server);
	if (!s.why)
		s.host = choose(p, server, &s.request);
	look_at_hosts(p, &s);
	if (s.host < p->hosts.n) {
		s.verdict = SCHEDULE_FITS;
		assign(p, server, &s.request, s.host);
	} else {
		s.verdict = s.why || !(s.why = why_unknown(p, &s)) ? SCHEDULE_NOWHERE
								   : SCHEDULE_UNKNOWN;
	}
	*ret = s;
}

static void scheduler_clear(struct scheduler *p)
{
	compute_hosts_clear(&p->hosts);
	free(p->assignments);
}

#define cleanup_scheduler __attribute__((__cleanup__(scheduler_clear)))

void schedule_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct schedule *ret)
{
	cleanup_scheduler struct scheduler p = {.request = request, .facts = facts};
	struct schedule schedule = {0};

	hosts_copy(hosts, &p.hosts);
	assign_those_that_stay(&p);
	for (size_t i = 0; i < request->n; i++)
		if (!request->v[i].stays)
			place(&p, &request->v[i], array_push(schedule.v, schedule.n));
	*ret = schedule;
}

size_t schedule_count(const struct schedule *schedule, enum schedule_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < schedule->n; i++)
		n += schedule->v[i].verdict == verdict;
	return n;
}

const struct scheduled_server *schedule_find(const struct schedule *schedule, const char *name)
{
	return array_find(schedule->v, schedule->n, streq(it->server->name, name));
}

/* Nova takes a pool's last free VF first. */
const char *scheduled_device(const struct scheduled_server *s, size_t i)
{
	const size_t *pools = s->explanation.results[s->host].pools;
	const struct pci_pool *pool = &s->hosts.v[s->host].pools[pools[i]];
	size_t before = 0;

	for (size_t k = 0; k < i; k++)
		before += pools[k] == pools[i];
	return before < pool->free_vfs.n ? pool->free_vfs.v[pool->free_vfs.n - 1 - before] : NULL;
}

/* ---- capacity ---- */

/* All servers of one more VNF; false: *ret_stop finds no host. */
static bool place_vnf(struct scheduler *p, const struct fit_request *requests,
		      struct scheduled_server *ret_stop)
{
	p->n_assignments = 0;
	for (size_t i = 0; i < p->request->n; i++) {
		const struct wanted_server *server = &p->request->v[i];
		size_t host = choose(p, server, &requests[i]);
		if (host == p->hosts.n) {
			place(p, server, ret_stop);
			return false;
		}
		assign(p, server, &requests[i], host);
	}
	return true;
}

void capacity_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct capacity *ret)
{
	cleanup_scheduler struct scheduler p = {
		.request = request, .facts = facts, .further = true};
	struct capacity capacity = {.servers = xcalloc(hosts->n, sizeof(*capacity.servers))};
	struct fit_request *requests = xcalloc(request->n, sizeof(*requests));
	bool more = request->n > 0;

	hosts_copy(hosts, &p.hosts);
	for (size_t i = 0; more && i < request->n; i++) {
		cleanup_free char *why = impossible_port(&p, &request->v[i]);
		more = make_request(&p, &request->v[i], &requests[i], NULL) == 0 && !why;
		if (!more)
			place(&p, &request->v[i], &capacity.stop);
	}
	while (more && capacity.n < CAPACITY_MAX) {
		more = place_vnf(&p, requests, &capacity.stop);
		capacity.n += more;
		for (size_t i = 0; more && i < p.n_assignments; i++)
			capacity.servers[p.assignments[i].host]++;
	}
	array_free(requests, request->n, fit_request_clear);
	*ret = capacity;
}

static void scheduled_server_clear(struct scheduled_server *s)
{
	free_all(s->why, s->vetoes);
	explanation_clear(&s->explanation);
	fit_request_clear(&s->request);
	compute_hosts_clear(&s->hosts);
}

void schedule_clear(struct schedule *schedule)
{
	array_free(schedule->v, schedule->n, scheduled_server_clear);
	*schedule = (struct schedule){0};
}

void capacity_clear(struct capacity *capacity)
{
	scheduled_server_clear(&capacity->stop);
	free(capacity->servers);
	*capacity = (struct capacity){0};
}
