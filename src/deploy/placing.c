// SPDX-License-Identifier: Apache-2.0
#include "deploy/placing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/plan.h"
#include "vim/facts.h"

/* A server that has its host; hosts.n: one that no file tells of. */
struct seat {
	const struct step *server;
	size_t host;
};

struct placer {
	const struct plan *plan;
	const struct vim_facts *facts; /* or NULL */
	struct compute_hosts hosts;    /* as full as by now */
	struct seat *seats;            /* of one VNF */
	size_t n_seats;
	bool further; /* VNFs beside the plan's own: their groups are empty */
};

static void hosts_copy(const struct compute_hosts *from, struct compute_hosts *ret)
{
	*ret = (struct compute_hosts){.v = xcalloc(from->n, sizeof(*ret->v)), .n = from->n};
	for (size_t i = 0; i < from->n; i++)
		compute_host_copy(&from->v[i], &ret->v[i]);
}

static bool is_port_of(const struct step *port, const struct step *server)
{
	return port->request.kind == VIM_PORT && port->action != ACTION_DELETE &&
	       vim_request_needs(&server->request, &port->request);
}

/* Of the descriptor, else of the VIM; NULL: not known. */
static const struct network *network_of(const struct placer *p, const struct step *port)
{
	if (port->request.port.network)
		return port->request.port.network;
	return p->facts ? vim_facts_network(p->facts->known, port->request.port.network_name)
			: NULL;
}

/*
 * Is the port's network surely on no physnet? The cloud itself may give one to a network of type
 * vlan or flat, and to one that names no type.
 */
static bool is_overlay(const struct placer *p, const struct step *port)
{
	static const char types[] = "vxlan gre geneve local";
	const struct network *network = network_of(p, port);

	if (!network || network->provider_physical_network)
		return false;
	/* What the VIM shows without one has none. */
	return !port->request.port.network || (network->provider_network_type &&
					       str_in_words(types, network->provider_network_type));
}

static int add_port(const struct placer *p, const struct step *port, const struct flavor *flavor,
		    const struct image *image, struct fit_request *request, struct err *err)
{
	const struct network *network = network_of(p, port);
	const struct interface *interface = port->request.port.interface;
	const struct fit_port wanted = {
		.nicid = interface->nicid,
		.network = interface->network,
		.physnet = network ? network->provider_physical_network : NULL,
		.type = interface->type == PORT_PASSTHRU ? PCI_PF : PCI_VF,
	};

	if (interface->type == PORT_VIRTUAL)
		return 0;
	if (!is_overlay(p, port) && !wanted.physnet)
		return err_set(err, ENOENT,
			       "port %u: the physnet of network %s is known to the cloud alone, "
			       "which shows it to the role admin",
			       interface->nicid, interface->network);
	return fit_request_add_port(request, flavor, image, &wanted,
				    port->request.port.numa_affinity_policy, err);
}

/* Of the descriptor, else of the VIM; NULL: not known. */
static const struct flavor *flavor_of(const struct placer *p, const struct step *server)
{
	const struct model *known = p->facts ? p->facts->known : NULL;

	return server->request.server.flavor || !known
		       ? server->request.server.flavor
		       : model_flavor(known, server->request.server.flavor_name);
}

static const struct image *image_of(const struct placer *p, const struct step *server)
{
	const struct model *known = p->facts ? p->facts->known : NULL;

	return server->request.server.image || !known
		       ? server->request.server.image
		       : model_image(known, server->request.server.image_name);
}

/* -ENOENT: the flavor or a network is not known. */
static int make_request(const struct placer *p, const struct step *server, struct fit_request *ret,
			struct err *err)
{
	const struct flavor *flavor = flavor_of(p, server);
	const struct image *image = image_of(p, server);
	cleanup_fit_request struct fit_request request = {0};

	if (!flavor)
		return err_set(err, ENOENT,
			       "flavor %s is not in the descriptor: what it asks for is known to "
			       "the VIM alone",
			       server->request.server.flavor_name);
	int r = fit_request_from_flavor(flavor, image, &request, err);
	for (size_t i = 0; r == 0 && i < p->plan->n; i++)
		if (is_port_of(&p->plan->v[i], server))
			r = add_port(p, &p->plan->v[i], flavor, image, &request, err);
	if (r < 0)
		return r;
	if (!image)
		fit_request_add_unseen(&request, "the properties of image",
				       server->request.server.image_name);
	*ret = request;
	request = (struct fit_request){0};
	return 0;
}

/* What the VIM knows of the host, or NULL. */
static const struct vim_host *facts_of(const struct placer *p, const char *host)
{
	for (size_t i = 0; p->facts && i < p->facts->n; i++)
		if (streq(p->facts->v[i].name, host))
			return &p->facts->v[i];
	return NULL;
}

static bool has_bridge(const struct vim_host *h, const char *physnet)
{
	for (size_t i = 0; i < h->n_bridges; i++)
		if (streq(h->bridges[i], physnet))
			return true;
	return false;
}

/* The physnet that a virtual port needs a bridge for, or NULL. */
static const char *bridged_physnet(const struct placer *p, const struct step *port)
{
	const struct network *network =
		port->request.port.interface->type == PORT_VIRTUAL ? network_of(p, port) : NULL;

	return network ? network->provider_physical_network : NULL;
}

static bool lacks_bridge(const struct placer *p, const struct step *server,
			 const struct vim_host *h)
{
	for (size_t i = 0; h->has_switch_agent && i < p->plan->n; i++) {
		const struct step *port = &p->plan->v[i];
		const char *physnet = is_port_of(port, server) ? bridged_physnet(p, port) : NULL;
		if (physnet && !has_bridge(h, physnet))
			return true;
	}
	return false;
}

/* No agent at all has a bridge for the physnet; without agents nothing is known. */
static bool no_bridge_anywhere(const struct placer *p, const char *physnet)
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
static char *impossible(const struct placer *p, const struct step *port)
{
	const struct interface *interface = port->request.port.interface;
	const struct network *network = network_of(p, port);
	const char *physnet = network ? network->provider_physical_network : NULL;

	if (interface->type == PORT_VIRTUAL)
		return physnet && no_bridge_anywhere(p, physnet)
			       ? xasprintf(
					 "port %u is virtual and its network %s is on physnet %s, "
					 "for which no Open vSwitch agent has a bridge mapping: it "
					 "cannot be bound; make it a port of type direct, or add "
					 "the physnet to bridge_mappings",
					 interface->nicid, interface->network, physnet)
			       : NULL;
	if (!network || !is_overlay(p, port))
		return NULL;
	return xasprintf("port %u is of type %s and its network %s has no physical network%s%s: "
			 "no NIC serves it; give the network a provider_physical_network, or make "
			 "the port virtual",
			 interface->nicid, port_type_name(interface->type), interface->network,
			 network->provider_network_type ? ", being " : "",
			 network->provider_network_type ? network->provider_network_type : "");
}

/* The first such port's, or NULL. */
static char *impossible_port(const struct placer *p, const struct step *server)
{
	char *why = NULL;

	for (size_t i = 0; !why && i < p->plan->n; i++)
		if (is_port_of(&p->plan->v[i], server))
			why = impossible(p, &p->plan->v[i]);
	return why;
}

/* Of the server's group. NULL: none, or the VIM has one host and keeps no group to its policy. */
static const char *group_policy(const struct placer *p, const struct step *server)
{
	const char *name =
		p->facts && p->facts->one_host ? NULL : server->request.server.server_group;

	for (size_t i = 0; name && i < p->plan->n; i++) {
		const struct step *s = &p->plan->v[i];
		if (s->request.kind == VIM_SERVER_GROUP && s->action != ACTION_DELETE &&
		    streq(s->name, name))
			return s->request.server_group.policy;
	}
	return NULL;
}

/* The one that the descriptor names. NULL: none, or the VIM has one host and looks at no name. */
static const char *zone_host(const struct placer *p, const struct step *server)
{
	if (p->facts && p->facts->one_host)
		return NULL;
	for (size_t i = 0; i < server->group->n_placements; i++)
		if (streq(server->group->placements[i].type, "zone_host"))
			return server->group->placements[i].host;
	return NULL;
}

/* Is another server of its group on the host (here), or only elsewhere? */
static void look_at_group(const struct placer *p, const struct step *server, size_t host,
			  bool *ret_here, bool *ret_elsewhere)
{
	const char *name = server->request.server.server_group;

	*ret_here = *ret_elsewhere = false;
	for (size_t i = 0; name && i < p->n_seats; i++) {
		if (!streq(p->seats[i].server->request.server.server_group, name))
			continue;
		*ret_here |= p->seats[i].host == host;
		*ret_elsewhere |= p->seats[i].host != host;
	}
}

static enum bar bar_of(const struct placer *p, const struct step *server, size_t host)
{
	const char *name = p->hosts.v[host].name, *wanted = zone_host(p, server);
	const char *policy = group_policy(p, server);
	const struct vim_host *h = facts_of(p, name);
	bool here, elsewhere;

	if (wanted && !streq(wanted, name))
		return BAR_ZONE_HOST;
	look_at_group(p, server, host, &here, &elsewhere);
	if (here && streq(policy, "anti-affinity"))
		return BAR_APART;
	if (elsewhere && streq(policy, "affinity"))
		return BAR_TOGETHER;
	return h && lacks_bridge(p, server, h) ? BAR_BRIDGE : BAR_NONE;
}

/* The first host that takes it; with soft anti-affinity one without its kind, if there is one. */
static size_t choose(const struct placer *p, const struct step *server,
		     const struct fit_request *request)
{
	size_t second = p->hosts.n;

	for (size_t i = 0; i < p->hosts.n; i++) {
		bool here, elsewhere;
		enum fit_verdict verdict = fit_host(&p->hosts.v[i], request, NULL);
		if (verdict == FIT_NO || verdict == FIT_UNDECIDED ||
		    bar_of(p, server, i) != BAR_NONE)
			continue;
		look_at_group(p, server, i, &here, &elsewhere);
		if (!here)
			return i;
		if (second == p->hosts.n)
			second = i;
	}
	return second;
}

static void take_seat(struct placer *p, const struct step *server,
		      const struct fit_request *request, size_t host)
{
	cleanup_fit_result struct fit_result result = {0};

	fit_host(&p->hosts.v[host], request, &result);
	fit_consume(&p->hosts.v[host], request, &result);
	*array_push(p->seats, p->n_seats) = (struct seat){server, host};
}

static void look_at_hosts(const struct placer *p, struct placed_server *s)
{
	cleanup_free bool *barred = xcalloc(p->hosts.n, sizeof(*barred));

	hosts_copy(&p->hosts, &s->hosts);
	s->bars = xcalloc(s->hosts.n, sizeof(*s->bars));
	for (size_t i = 0; i < s->hosts.n; i++) {
		s->bars[i] = bar_of(p, s->step, i);
		barred[i] = s->bars[i] != BAR_NONE;
	}
	explain(s->hosts.v, s->hosts.n, barred, &s->request, flavor_of(p, s->step),
		image_of(p, s->step), &s->explanation);
	for (size_t i = 0; i < s->hosts.n; i++) {
		s->n_others += s->bars[i] == BAR_NONE && !s->explanation.results[i].n_reasons &&
			       i != s->host;
	}
}

static size_t host_index(const struct placer *p, const char *name)
{
	size_t i = 0;

	while (i < p->hosts.n && !streq(p->hosts.v[i].name, name))
		i++;
	return i;
}

static bool stays(const struct step *s)
{
	return s->request.kind == VIM_SERVER && s->present &&
	       (s->action == ACTION_KEEP || s->action == ACTION_UPDATE);
}

/* Servers that stay are in their groups already; what they use is in the hosts. */
static void seat_those_that_stay(struct placer *p)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct step *s = &p->plan->v[i];
		if (stays(s) && s->present->host)
			*array_push(p->seats, p->n_seats) =
				(struct seat){s, host_index(p, s->present->host)};
	}
}

/* A host may be barred by a server of the same group that is nobody knows where. */
static void add_unseen_seats(const struct placer *p, const struct step *server,
			     struct fit_request *request)
{
	const char *group = server->request.server.server_group;
	const char *policy = group_policy(p, server);
	bool strict = streq(policy, "affinity") || streq(policy, "anti-affinity");

	for (size_t i = 0; strict && !p->further && i < p->plan->n; i++) {
		const struct step *s = &p->plan->v[i];
		if (stays(s) && !s->present->host && streq(s->request.server.server_group, group))
			fit_request_add_unseen(request, "the host of", s->name);
	}
}

/* Whom it has to join on a host that no file tells of, or NULL. */
static const struct step *mate_on_unknown_host(const struct placer *p, const struct step *server)
{
	const char *name = server->request.server.server_group;

	if (!streq(group_policy(p, server), "affinity"))
		return NULL;
	for (size_t i = 0; i < p->n_seats; i++) {
		const struct step *mate = p->seats[i].server;
		if (p->seats[i].host == p->hosts.n &&
		    streq(mate->request.server.server_group, name))
			return mate;
	}
	return NULL;
}

/* Does deploy take servers away, and with them what they hold, before it makes others? */
static bool makes_room(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		/* One that was refused never held anything. */
		if (step_interrupts(s) &&
		    (s->present->state != VIM_STATE_ERROR || s->present->host))
			return true;
	}
	return false;
}

/* What keeps "it fits on no host" from being known, or NULL. */
static char *doubt(const struct placer *p, const struct placed_server *s)
{
	const char *wanted = zone_host(p, s->step);
	const struct step *mate = mate_on_unknown_host(p, s->step);

	if (!p->hosts.n)
		return xstrdup("nobody told what the compute hosts have");
	if (wanted && host_index(p, wanted) == p->hosts.n)
		return xasprintf("the descriptor's zone_host is %s, and no file tells what it has",
				 wanted);
	if (mate)
		return xasprintf("%s of its affinity group is on %s, and no file tells what that "
				 "has",
				 mate->name, mate->present->host);
	for (size_t i = 0; i < s->hosts.n; i++)
		if (s->bars[i] == BAR_NONE && s->explanation.results[i].verdict == FIT_UNDECIDED)
			return xasprintf(
				"there are too many ways to place it on %s to try them all",
				s->hosts.v[i].name);
	if (!p->further && makes_room(p->plan))
		return xstrdup("it fits on no host beside the servers that deploy removes first");
	return NULL;
}

static void place(struct placer *p, const struct step *server, struct placed_server *ret)
{
	cleanup_err struct err err = ERR_INIT;
	struct placed_server s = {.step = server, .host = p->hosts.n};

	int r = make_request(p, server, &s.request, &err);
	if (r < 0) {
		s.verdict = r == -ENOENT ? PLACING_UNKNOWN : PLACING_NOWHERE;
		s.why = xstrdup(err.text);
		hosts_copy(&(struct compute_hosts){0}, &s.hosts);
		s.host = 0;
		*ret = s;
		return;
	}
	add_unseen_seats(p, server, &s.request);
	s.why = impossible_port(p, server);
	if (!s.why)
		s.host = choose(p, server, &s.request);
	look_at_hosts(p, &s);
	if (s.host < p->hosts.n) {
		s.verdict = PLACING_FITS;
		take_seat(p, server, &s.request, s.host);
	} else {
		s.verdict = s.why || !(s.why = doubt(p, &s)) ? PLACING_NOWHERE : PLACING_UNKNOWN;
	}
	*ret = s;
}

static void placer_clear(struct placer *p)
{
	compute_hosts_clear(&p->hosts);
	free(p->seats);
}

#define cleanup_placer __attribute__((__cleanup__(placer_clear)))

void placing_make(const struct plan *plan, const struct compute_hosts *hosts,
		  const struct vim_facts *facts, struct placing *ret)
{
	cleanup_placer struct placer p = {.plan = plan, .facts = facts};
	struct placing placing = {0};

	hosts_copy(hosts, &p.hosts);
	seat_those_that_stay(&p);
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->request.kind == VIM_SERVER &&
		    (s->action == ACTION_CREATE || s->action == ACTION_REPLACE))
			place(&p, s, array_push(placing.v, placing.n));
	}
	*ret = placing;
}

size_t placing_count(const struct placing *placing, enum placing_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < placing->n; i++)
		n += placing->v[i].verdict == verdict;
	return n;
}

/* All servers of one more VNF; false: *ret_stop finds no host. */
static bool place_vnf(struct placer *p, const struct fit_request *requests,
		      const struct step *const *servers, size_t n, struct placed_server *ret_stop)
{
	p->n_seats = 0;
	for (size_t i = 0; i < n; i++) {
		size_t host = choose(p, servers[i], &requests[i]);
		if (host == p->hosts.n) {
			place(p, servers[i], ret_stop);
			return false;
		}
		take_seat(p, servers[i], &requests[i], host);
	}
	return true;
}

void placing_room_make(const struct plan *plan, const struct compute_hosts *hosts,
		       const struct vim_facts *facts, struct placing_room *ret)
{
	cleanup_placer struct placer p = {.plan = plan, .facts = facts, .further = true};
	struct placing_room room = {.servers = xcalloc(hosts->n, sizeof(*room.servers))};
	const struct step **servers = NULL;
	struct fit_request *requests = NULL;
	size_t n = 0, n_requests = 0;
	bool more = true;

	hosts_copy(hosts, &p.hosts);
	for (size_t i = 0; more && i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		cleanup_free char *why = impossible_port(&p, s);
		*array_push(servers, n) = s;
		more = make_request(&p, s, array_push(requests, n_requests), NULL) == 0 && !why;
		if (!more)
			place(&p, s, &room.stop);
	}
	more &= n > 0;
	while (more && room.n < PLACING_ROOM_MAX) {
		more = place_vnf(&p, requests, servers, n, &room.stop);
		room.n += more;
		for (size_t i = 0; more && i < p.n_seats; i++)
			room.servers[p.seats[i].host]++;
	}
	for (size_t i = 0; i < n_requests; i++)
		fit_request_clear(&requests[i]);
	free(requests);
	free(servers);
	*ret = room;
}

static void placed_server_clear(struct placed_server *s)
{
	free(s->why);
	free(s->bars);
	explanation_clear(&s->explanation);
	fit_request_clear(&s->request);
	compute_hosts_clear(&s->hosts);
}

void placing_clear(struct placing *placing)
{
	for (size_t i = 0; i < placing->n; i++)
		placed_server_clear(&placing->v[i]);
	free(placing->v);
	*placing = (struct placing){0};
}

void placing_room_clear(struct placing_room *room)
{
	placed_server_clear(&room->stop);
	free(room->servers);
	*room = (struct placing_room){0};
}
