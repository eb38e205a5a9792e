// SPDX-License-Identifier: Apache-2.0
/* When each step of a plan is carried out, and which servers are redundant to each other. */

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/plan.h"
#include "model/service.h"
#include "placement/request.h"

static bool is_net(const struct step *s)
{
	return s->request.kind == VIM_NETWORK || s->request.kind == VIM_SUBNET;
}

/*
 * If a network or subnet must be deleted before another can be created, for its VLAN or addresses,
 * the ports of all servers are deleted with it.
 */
static char *find_at_once(const struct plan *plan)
{
	const struct step *deleted = NULL, *created = NULL;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (!is_net(s))
			continue;
		if (s->action == ACTION_REPLACE)
			return xasprintf("%s %s must be created again",
					 vim_kind_name(s->request.kind), s->name);
		if (s->action == ACTION_DELETE)
			deleted = s;
		if (s->action == ACTION_CREATE)
			created = s;
	}
	if (!deleted || !created)
		return NULL;
	return xasprintf("%s %s may need the VLAN or addresses of %s %s",
			 vim_kind_name(created->request.kind), created->name,
			 vim_kind_name(deleted->request.kind), deleted->name);
}

/* Marks end with server/GROUP/INDEX and port/GROUP/INDEX/NICID. */
bool step_has_port(const struct step *server, const struct step *port)
{
	const char *role = strstr(server->owner, "/server/");

	if (port->request.kind != VIM_PORT || !role)
		return false;
	cleanup_free char *prefix = xasprintf("%.*s/port/%s/", (int)(role - server->owner),
					      server->owner, role + strlen("/server/"));
	return str_starts(port->owner, prefix);
}

/* The existing, changing server with which this step is carried out; plan->n: none. */
static size_t unit_of(const struct plan *plan, const struct step *s)
{
	if (s->request.kind != VIM_SERVER && s->request.kind != VIM_PORT)
		return plan->n;
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *server = &plan->v[i];
		if (server->request.kind != VIM_SERVER ||
		    (server->action != ACTION_REPLACE && server->action != ACTION_CHANGE))
			continue;
		if (s == server || step_has_port(server, s))
			return i;
	}
	return plan->n;
}

static enum phase phase_of(const struct plan *plan, struct step *s)
{
	enum vim_kind kind = s->request.kind;

	s->unit = unit_of(plan, s);
	if (s->unit < plan->n && (!plan->at_once_why || plan->v[s->unit].action == ACTION_CHANGE))
		return PHASE_ROLL;
	if (s->action == ACTION_DELETE)
		return plan->at_once_why || kind == VIM_SERVER || kind == VIM_PORT ? PHASE_MAIN
										   : PHASE_LATE;
	/* Networks, ports and servers may need the VLAN, address or VF of a deleted one. */
	return kind == VIM_IMAGE || kind == VIM_FLAVOR ? PHASE_EARLY : PHASE_MAIN;
}

void plan_phases(struct plan *plan)
{
	if (!plan->at_once_why)
		plan->at_once_why = find_at_once(plan);
	for (size_t i = 0; i < plan->n; i++)
		plan->v[i].phase = phase_of(plan, &plan->v[i]);
}

void plan_at_once(struct plan *plan, const char *why)
{
	free(plan->at_once_why);
	plan->at_once_why = xstrdup(why);
	plan_phases(plan);
}

static bool stand_in(const struct deployment *d, const struct vm_group *a, const struct vm_group *b)
{
	const char *name_a, *name_b, *policy_a, *policy_b;
	const char *query = service_query_name(d, a);

	if (a == b)
		return true;
	if (server_group_of(d, a, &name_a, &policy_a) &&
	    server_group_of(d, b, &name_b, &policy_b) && streq(name_a, name_b) &&
	    strstr(policy_a, "anti-affinity"))
		return true;
	return !streq(query, ".") && streq(query, service_query_name(d, b));
}

void plan_sets(const struct plan *plan, size_t *ret_set)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct vm_group *group = plan->v[i].group;
		ret_set[i] = i;
		for (size_t j = 0; j < i && group; j++) {
			const struct vm_group *other = plan->v[j].group;
			if (!other || ret_set[j] == ret_set[i] ||
			    !stand_in(plan->deployment, group, other))
				continue;
			for (size_t k = 0, old = ret_set[i]; k <= i; k++)
				if (ret_set[k] == old)
					ret_set[k] = ret_set[j];
		}
	}
}
