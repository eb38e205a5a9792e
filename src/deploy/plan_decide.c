// SPDX-License-Identifier: Apache-2.0
/* What happens to each object of a plan: created, kept, updated, changed, replaced or used. */
#include "base/alloc.h"
#include "base/str.h"
#include "deploy/plan_internal.h"

char *plan_owner_mark(const struct planner *p, const char *role)
{
	return xasprintf("dnsvnf:%s/%s/%s", p->tenant->name, p->deployment->name, role);
}

const struct vim_object *plan_find_owned(const struct planner *p, enum vim_kind kind,
					 const char *owner)
{
	for (size_t i = 0; i < p->inventory->n; i++) {
		const struct vim_object *o = &p->inventory->v[i];
		if (o->kind == kind && streq(o->owner, owner))
			return o;
	}
	return NULL;
}

/* The objects with that name or id that lack our mark or have another deployment's. */
static void find_unowned(const struct planner *p, struct step *s)
{
	cleanup_free char *prefix = plan_owner_mark(p, "");

	for (size_t i = 0; i < p->inventory->n; i++) {
		const struct vim_object *o = &p->inventory->v[i];
		if (o->kind != s->request.kind || (o->owner && str_starts(o->owner, prefix)) ||
		    (!streq(o->name, s->name) && !streq(o->id, s->name)))
			continue;
		if (!s->present)
			s->present = o;
		else if (!s->second)
			s->second = o;
	}
}

/* Defined in the descriptor, but it exists without a mark: used, never changed. */
static bool use_existing(const struct planner *p, struct step *s)
{
	enum vim_kind kind = s->request.kind;

	if (kind == VIM_SUBNET) {
		for (size_t i = 0; i < s->n_needs; i++) {
			const struct step *network = &p->plan->v[s->needs[i]];
			if (network->action != ACTION_USE)
				continue;
			s->action = ACTION_USE;
			s->why = xasprintf("%s exists in the VIM", network->name);
			return true;
		}
		return false;
	}
	if (kind != VIM_NETWORK && kind != VIM_FLAVOR && kind != VIM_IMAGE)
		return false;
	find_unowned(p, s);
	if (!s->present)
		return false;
	/* Names of flavors are unique in a cloud; other deployments' other objects are not used. */
	if (s->present->owner && kind != VIM_FLAVOR) {
		s->present = s->second = NULL;
		return false;
	}
	s->action = ACTION_USE;
	s->why = xstrdup(s->present->owner ? "created by another deployment"
					   : "exists in the VIM, not created by dnsvnf");
	return true;
}

/*
 * Nova makes the config drive anew in each rebuild and resize, and has forgotten its files: from
 * microversion 2.57 on a rebuild takes none, before that no user data.
 */
static bool loses_files(const struct planner *p, const struct step *s)
{
	return !(p->inventory->changes & VIM_CHANGE_FILES) &&
	       (s->n_files || s->changes & VIM_CHANGE_FILES);
}

/* Changes the server in place if the VIM can. */
static void change_server(const struct planner *p, struct step *s, unsigned changes)
{
	enum vim_state state = s->present->state;

	s->changes |= changes;
	s->drive_lost = loses_files(p, s);
	/* BUSY: what a killed run began goes on. */
	bool in_place = (state == VIM_STATE_ACTIVE || state == VIM_STATE_BUSY) && !s->drive_lost &&
			!(s->changes & ~p->inventory->changes);
	s->action = in_place ? ACTION_CHANGE : ACTION_REPLACE;
}

/*
 * What a server has that its digest does not tell: Nova's conductor takes back the image of a
 * rebuild that no host accepts (nova/conductor/manager.py, rebuild_instance), and keeps the flavor
 * of a resize that fails on the host (nova/compute/manager.py, _finish_resize).
 */
static unsigned drift(const struct planner *p, const struct step *server)
{
	unsigned changes = 0;

	for (size_t i = 0; i < server->n_needs; i++) {
		const struct step *s = &p->plan->v[server->needs[i]];
		if (s->action == ACTION_USE)
			continue;
		if (s->request.kind == VIM_IMAGE && s->present && server->present->image_id &&
		    !streq(s->present->id, server->present->image_id))
			changes |= VIM_CHANGE_IMAGE;
		if (s->request.kind == VIM_FLAVOR && server->present->flavor_digest &&
		    vim_request_difference(&s->request, server->present->flavor_digest) != VIM_SAME)
			changes |= VIM_CHANGE_FLAVOR;
	}
	return changes;
}

/* The step's action, without regard to other steps. */
static void decide(const struct planner *p, struct step *s)
{
	s->present = plan_find_owned(p, s->request.kind, s->owner);
	if (!s->present) {
		s->action = ACTION_CREATE;
		use_existing(p, s);
		return;
	}
	enum vim_difference difference = vim_request_difference(&s->request, s->present->digest);
	unsigned drifted = s->request.kind == VIM_SERVER ? drift(p, s) : 0;
	if (s->present->state == VIM_STATE_ERROR) {
		s->action = ACTION_REPLACE;
		s->why = xasprintf("failed: %s",
				   s->present->fault ? s->present->fault : "no reason given");
	} else if (s->present->state == VIM_STATE_DELETING) {
		s->action = ACTION_REPLACE;
		s->why = xstrdup("it is being deleted");
	} else if (s->present->state == VIM_STATE_BUILD && s->request.kind != VIM_SERVER) {
		s->action = ACTION_REPLACE;
		s->why = xstrdup("left incomplete by an interrupted run");
	} else if (difference == VIM_UPDATE && p->inventory->can_update) {
		s->action = ACTION_UPDATE;
		s->why = xstrdup("the descriptor has changed; update in place");
	} else if (difference != VIM_SAME && s->request.kind == VIM_SERVER) {
		change_server(p, s, drifted | vim_request_changes(&s->request, s->present->digest));
		s->why = xstrdup("the descriptor or its day-0 has changed");
	} else if (difference != VIM_SAME) {
		bool in_place =
			s->request.kind == VIM_PORT && p->inventory->changes & VIM_CHANGE_PORTS;
		s->action = in_place ? ACTION_CHANGE : ACTION_REPLACE;
		s->why = xstrdup("the descriptor or its day-0 has changed");
	} else if (s->request.kind == VIM_SERVER && s->present->state == VIM_STATE_DOWN) {
		s->action = ACTION_REPLACE;
		s->why = xstrdup("the server is off");
	} else if (s->request.kind == VIM_PORT && s->present->link_down &&
		   s->request.port.interface->admin_state_up) {
		s->action = ACTION_UPDATE;
		s->set_link = true;
		s->why = xstrdup(
			"its link is down, set by a drill that was killed or is still running");
	} else if (drifted) {
		change_server(p, s, drifted);
		s->why = xstrdup("an earlier change was not carried out whole");
	} else {
		s->action = ACTION_KEEP;
	}
}

/* Whether the step is the server that is made anew, or one of its ports. */
static bool is_replaced(const struct planner *p, const struct step *s)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct step *server = &p->plan->v[i];
		if (server->request.kind == VIM_SERVER && streq(server->name, p->replace) &&
		    (server == s || step_has_port(server, s)))
			return true;
	}
	return false;
}

/* What exists is kept as it is, but for the server to be made anew and its ports. */
static void restrict_to_replaced(const struct planner *p, struct step *s)
{
	if (!s->present || s->action == ACTION_USE)
		return;
	if (!is_replaced(p, s)) {
		free(s->why);
		s->why = NULL;
		s->action = ACTION_KEEP;
		s->changes = 0;
		s->drive_lost = s->set_link = false;
	} else if (s->request.kind == VIM_SERVER && s->action != ACTION_REPLACE) {
		free(s->why);
		s->why = xstrdup("requested with --replace");
		change_server(p, s, VIM_CHANGE_DISK);
	}
}

/* What of a server changes with this dependency; 0: it cannot be changed in place. */
static unsigned change_by(const struct step *ground)
{
	if (ground->request.kind == VIM_IMAGE)
		return VIM_CHANGE_IMAGE;
	return ground->request.kind == VIM_PORT && ground->action != ACTION_REPLACE
		       ? VIM_CHANGE_PORTS
		       : 0;
}

/*
 * A dependency of the step is created, replaced, or a port that changes. A server keeps its flavor,
 * of which it has a copy, and its image until it is rebuilt.
 */
static void follow(const struct planner *p, struct step *s, const struct step *ground)
{
	bool is_server = s->request.kind == VIM_SERVER;
	unsigned change = is_server ? change_by(ground) : 0;

	if ((!step_makes(ground) && ground->action != ACTION_CHANGE) ||
	    (is_server && ground->request.kind == VIM_FLAVOR))
		return;
	if (change & p->inventory->changes)
		change_server(p, s, change);
	else
		s->action = ACTION_REPLACE;
	free(s->why);
	s->why = xasprintf("%s is %s", ground->name,
			   ground->action == ACTION_CHANGE ? "changed" : "created again");
}

/* Ports change only with a server that changes: of one that is created they are created, too. */
static void replace_ports(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *server = &plan->v[i];
		if (server->request.kind != VIM_SERVER || server->action == ACTION_CHANGE)
			continue;
		for (size_t k = 0; k < server->n_needs; k++) {
			struct step *port = &plan->v[server->needs[k]];
			if (port->request.kind == VIM_PORT && port->action == ACTION_CHANGE)
				port->action = ACTION_REPLACE;
		}
	}
}

/* Steps are sorted by stage, so one pass reaches all dependents of a replaced step. */
static void propagate(const struct planner *p)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		struct step *s = &p->plan->v[i];
		for (size_t k = 0; k < s->n_needs; k++)
			if (s->action == ACTION_KEEP || s->action == ACTION_UPDATE ||
			    s->action == ACTION_CHANGE)
				follow(p, s, &p->plan->v[s->needs[k]]);
	}
	replace_ports(p->plan);
}

static const char *fixed_address(const struct interface *i)
{
	const struct address *a = array_find(i->addresses, i->n_addresses, it->ip_address != NULL);

	return i->ip_address ? i->ip_address : a ? a->ip_address : NULL;
}

/* Why Neutron or Nova will refuse the port on the existing network; NULL: nothing is known. Nova
 * wants a subnet and looks at the network's port security (nova/network/neutron.py). */
static char *network_warning(const struct vim_object *network, const struct step *port)
{
	const struct interface *i = port->interface;
	const char *address = fixed_address(i);
	const char *filter = i->security_groups.n         ? "security groups"
			     : i->n_allowed_address_pairs ? "allowed_address_pairs"
							  : NULL;

	if (network->no_subnet && address)
		return xasprintf("it has no subnet, so Neutron will refuse the address %s of port "
				 "%s: add the subnet, or remove the address",
				 address, port->name);
	if (network->no_subnet && !network->no_port_security)
		return xasprintf("it has port security and no subnet, so Nova will refuse the "
				 "server of port %s: add a subnet, or disable port security "
				 "('openstack network set --disable-port-security %s')",
				 port->name, network->name);
	if (network->no_subnet)
		return xasprintf("it has no subnet, and Nova takes port %s without an address only "
				 "if Neutron has the service plugin segments: ask the operator, or "
				 "add a subnet",
				 port->name);
	if (network->no_port_security && filter && i->port_security_enabled == TRI_UNKNOWN)
		return xasprintf("it has no port security, so Neutron will refuse the %s of port "
				 "%s: set port_security_enabled of the port",
				 filter, port->name);
	if (!network->no_port_security && network->port_security_is_owners &&
	    i->port_security_enabled == TRI_NO)
		return xasprintf("it has port security and belongs to another project, so Neutron "
				 "will refuse port %s without it, unless a policy of the cloud "
				 "permits that: have the owner or an admin disable it on the "
				 "network",
				 port->name);
	return NULL;
}

/* Another project can share a network of any name with this one. */
static void warn_of_owner(struct step *network)
{
	cleanup_free char *other = network->warning;

	network->warning =
		xasprintf("it belongs to project %s, which can read and forge its packets: if that "
			  "is intended, "
			  "remove the network from the descriptor, otherwise rename it there%s%s",
			  network->present->other_project, other ? "; " : "", other ? other : "");
}

static void warn_of_networks(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct step *port = &plan->v[i];
		if (port->request.kind != VIM_PORT || port->action == ACTION_KEEP)
			continue;
		for (size_t k = 0; k < port->n_needs; k++) {
			struct step *network = &plan->v[port->needs[k]];
			if (network->action == ACTION_USE && network->present && !network->warning)
				network->warning = network_warning(network->present, port);
		}
	}
	for (size_t i = 0; i < plan->n; i++) {
		struct step *s = &plan->v[i];
		if (s->request.kind == VIM_NETWORK && s->request.network && s->present &&
		    s->action == ACTION_USE && s->present->other_project)
			warn_of_owner(s);
	}
}

void plan_decide(const struct planner *p)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->v[i].action != ACTION_USE)
			decide(p, &p->plan->v[i]);
		else
			find_unowned(p, &p->plan->v[i]);
	for (size_t i = 0; i < p->plan->n && p->replace; i++)
		restrict_to_replaced(p, &p->plan->v[i]);
	propagate(p);
	warn_of_networks(p->plan);
}

void plan_keep_no_server(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].action == ACTION_CHANGE && plan->v[i].changes & VIM_CHANGE_PORTS)
			plan->v[i].action = ACTION_REPLACE;
	replace_ports(plan);
	plan_phases(plan);
}

/* Of the servers that change in place; the steps no longer move. */
static void collect_port_changes(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct step *server = &plan->v[i];
		if (server->request.kind != VIM_SERVER || server->action == ACTION_DELETE)
			continue;
		for (size_t k = 0; k < plan->n; k++) {
			const struct step *port = &plan->v[k];
			if (port->action == ACTION_KEEP || port->action == ACTION_UPDATE ||
			    !step_has_port(server, port))
				continue;
			bool gone = port->action == ACTION_DELETE;
			*array_push(server->port_changes, server->n_port_changes) =
				(struct vim_port_change){port->present,
							 gone ? NULL : &port->request};
		}
		server->request.server.port_changes = server->port_changes;
		server->request.server.n_port_changes = server->n_port_changes;
	}
}

/* For servers whose own request differs, replaces the preliminary reason. */
static void set_reasons(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct step *s = &plan->v[i];
		cleanup_strv struct strv lines = {0};
		cleanup_strbuf struct strbuf why = {0};
		if (!s->changes)
			continue;
		step_differences(s, &lines);
		for (size_t k = 0; k < lines.n; k++)
			strbuf_addf(&why, "%s%s", k ? ", " : "", lines.v[k]);
		free(s->why);
		s->why = strbuf_steal(&why);
	}
}

void plan_set_changes(struct plan *plan)
{
	collect_port_changes(plan);
	set_reasons(plan);
}

bool step_makes(const struct step *step)
{
	return step->action == ACTION_CREATE || step->action == ACTION_REPLACE;
}

const char *step_no_way_back(const struct step *step)
{
	if (step->action != ACTION_CHANGE)
		return "a deleted resource cannot be restored";
	if (step->changes == VIM_CHANGE_DISK)
		return "its old disk is not kept";
	if (step->changes & VIM_CHANGE_USER_DATA && !step->present->user_data)
		return "its old user data cannot be read from the VIM (OpenStack: role admin only)";
	return NULL;
}
