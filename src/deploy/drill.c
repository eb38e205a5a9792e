// SPDX-License-Identifier: Apache-2.0
#include "deploy/drill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "base/strv.h"
#include "deploy/guest.h"
#include "deploy/plan.h"
#include "model/service.h"

#define ASK_MS   2000
#define LAST_MS  300  /* before the failure: a last look */
#define DRAIN_MS 1000 /* for the last answers */

struct drill {
	struct vim *vim;
	const struct deployment *deployment;
	const struct vm_group *group;
	const char *management;
	struct guest_status before; /* the failure */
	struct drill_result *result;
	bool broken; /* it may be */
};

static const struct {
	const char *name, *object;
	const char *down, *up; /* events */
} failures[] = {
	[DRILL_CARRIER] = {"carrier", "link", "LINK_DOWN", "LINK_UP"},
	[DRILL_SILENT] = {"silent", "path", "PATH_DOWN", "PATH_UP"},
};

const char *drill_failure_name(enum drill_failure failure)
{
	return failures[failure].name;
}

const char *drill_failure_object(enum drill_failure failure)
{
	return failures[failure].object;
}

static void report(const struct drill *d, const char *type, enum event_status status,
		   const char *details)
{
	event_report(d->vim->run, &(struct event){.type = type,
						  .status = status,
						  .tenant = d->vim->tenant,
						  .deployment = d->vim->deployment,
						  .vm_group = d->group->name,
						  .object = d->result->port,
						  .details = details});
}

/* The bond in the guest now, with an active leg; it lives as long as *ret. NULL with err set
 * otherwise. */
static const struct guest_bond *look(struct drill *d, unsigned timeout_ms, struct guest_status *ret,
				     struct err *err)
{
	if (guest_status(d->vim, d->management, GUEST_PORT, timeout_ms, ret, err) < 0) {
		err_wrap(err, "ask the guest at %s which leg is active", d->management);
		return NULL;
	}
	const struct guest_bond *bond = guest_status_bond(ret, d->result->bond);
	if (bond && bond->active_leg)
		return bond;
	err_code(err, NOT_FOUND, ENODEV,
		 "bond \"%s\" has no active leg in the guest: run 'bondd status' there",
		 d->result->bond);
	return NULL;
}

/* The active leg after the failure, and what bondd says of it; NULL with a note otherwise. */
static char *look_again(struct drill *d, const char *when)
{
	cleanup_guest_status struct guest_status status = {0};
	cleanup_err struct err err = ERR_INIT;
	const struct guest_bond *before = guest_status_bond(&d->before, d->result->bond);
	const struct guest_bond *bond = look(d, ASK_MS, &status, &err);

	if (!bond) {
		event_note(d->vim->run, "DRILL", "%s: %s", when, err.text);
		return NULL;
	}
	drill_hear(d->result, before->watch, bond->watch);
	return xstrdup(bond->active_leg);
}

/* The guest's leg behind which this port is, or NULL. */
static const struct guest_leg *leg_of(const struct guest_bond *bond,
				      const struct vim_port_info *port)
{
	for (size_t i = 0; i < bond->n_legs; i++)
		if (port->mac_address && streq(bond->legs[i].permanent_mac, port->mac_address))
			return &bond->legs[i];
	return NULL;
}

/* A drill that was killed leaves the link down, and breaking the other leg too is no drill. */
static int put_back(struct drill *d, const char *port, const char *leg, struct err *err)
{
	int r = d->vim->ops->set_link(d->vim, d->result->server, port, true, err);

	if (r < 0)
		return err_wrap(err, "put the link of %s back, which was down", leg);
	event_note(d->vim->run, "LINK_UP", "the link of %s (port %s) was down: put back", leg,
		   port);
	return 0;
}

/* Finds the port of the active leg. */
static int find_port(struct drill *d, const struct guest_bond *bond, struct err *err)
{
	cleanup_server_info struct vim_server_info server = {0};
	int r = d->vim->ops->server(d->vim, d->result->server, VIM_LOOK_ALL, &server, err);

	for (size_t i = 0; i < server.n_ports && r == 0; i++) {
		const struct vim_port_info *port = &server.ports[i];
		const struct guest_leg *leg = leg_of(bond, port);
		if (!leg)
			continue;
		if (streq(leg->name, bond->active_leg) && !d->result->port)
			d->result->port = xstrdup(port->name);
		else if (!port->link_up)
			r = put_back(d, port->name, leg->name, err);
	}
	if (r < 0 || d->result->port)
		return r;
	const struct guest_leg *active = guest_bond_leg(bond, bond->active_leg);
	return err_code(err, NOT_FOUND, ENODEV,
			"server \"%s\" has no port with MAC %s, that of the active leg \"%s\"",
			d->result->server,
			active && active->permanent_mac ? active->permanent_mac : "(unknown)",
			bond->active_leg);
}

/* Which leg to break, and what bondd has said so far. */
static int look_before(struct drill *d, unsigned timeout_ms, struct err *err)
{
	struct drill_result *result = d->result;
	struct guest_status status = {0};
	const struct guest_bond *bond = look(d, timeout_ms, &status, err);

	if (!bond) {
		guest_status_clear(&status);
		return err->code;
	}
	guest_status_clear(&d->before);
	d->before = status;
	result->miimon = (int)bond->miimon;
	result->arp_interval = (int)bond->arp_interval;
	result->watched = bond->watch != NULL;
	if (streq(result->leg_before, bond->active_leg))
		return 0;
	free(result->leg_before);
	free(steal_ptr(result->port));
	result->leg_before = xstrdup(bond->active_leg);
	return find_port(d, bond, err);
}

/* The bond may have moved by itself since: the failure is for the leg that is active now, and what
 * bondd said of the other is not about it. A guest that is slow to tell is taken as it was. */
static int look_last(struct drill *d, struct err *err)
{
	cleanup_err struct err slow = ERR_INIT;
	cleanup_free char *leg = xstrdup(d->result->leg_before);
	int r = look_before(d, LAST_MS, &slow);

	if (r < 0 && !d->result->port)
		return err_copy(err, &slow);
	if (!streq(leg, d->result->leg_before))
		event_note(d->vim->run, "DRILL", "the bond moved from %s to %s by itself", leg,
			   d->result->leg_before);
	return 0;
}

static int set_path(struct drill *d, bool whole, struct err *err)
{
	return d->vim->ops->set_path(d->vim, d->result->server, d->result->port, whole, err);
}

static int set_broken(struct drill *d, bool broken, struct err *err)
{
	const struct drill_result *result = d->result;
	int r = 0;

	/* One that fails may have broken it all the same. */
	d->broken |= broken;
	switch (result->failure) {
	case DRILL_CARRIER:
		r = d->vim->ops->set_link(d->vim, result->server, result->port, !broken, err);
		break;
	case DRILL_SILENT:
		r = set_path(d, !broken, err);
		break;
	}
	if (r == 0)
		d->broken = broken;
	return r;
}

/* Before, during, after; the caller mends it when this fails half way. */
static int run_phases(struct drill *d, struct dnsload *load, struct err *err)
{
	struct drill_result *result = d->result;
	const char *object = failures[result->failure].object;
	const double down_at = DRILL_BEFORE_MS, up_at = DRILL_BEFORE_MS + DRILL_DOWN_MS;

	report(d, "DRILL", EVENT_STARTED, "DNS load before the failure");
	if (dnsload_wait_until(load, down_at - LAST_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted before the %s was touched", object);
	int r = look_last(d, err);
	if (r < 0)
		return r;
	if (dnsload_wait_until(load, down_at, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted before the %s was touched", object);
	result->down_ms = dnsload_elapsed(load);
	r = set_broken(d, true, err);
	if (r < 0)
		return r;
	report(d, failures[result->failure].down, EVENT_SUCCESS, result->leg_before);
	/* Late enough for the slowest monitor there is, early enough to see it before it is
	 * mended. */
	if (dnsload_wait_until(load, up_at - ASK_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted while the %s was down", object);
	result->leg_after = look_again(d, "while it is broken");
	if (dnsload_wait_until(load, up_at, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted while the %s was down", object);
	result->up_ms = dnsload_elapsed(load);
	r = set_broken(d, false, err);
	if (r < 0)
		return r;
	report(d, failures[result->failure].up, EVENT_SUCCESS, result->leg_before);
	if (dnsload_wait_until(load, up_at + DRILL_AFTER_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted after the %s was put back", object);
	return 0;
}

static int prepare(struct drill *d, struct err *err)
{
	const struct bond *bond = service_bond(d->group);
	cleanup_strv struct strv addresses = {0};

	if (!bond)
		return err_code(err, NOT_FOUND, ENODEV,
				"vm_group \"%s\": its day-0 configures no bond, so there is "
				"nothing to drill",
				d->group->name);
	if (!d->management)
		return err_set(err, INVALID,
			       "vm_group \"%s\": the management port has no ip_address in the "
			       "descriptor, which drill needs to ask the guest for its active leg",
			       d->group->name);
	service_addresses(d->group, 0, &addresses);
	d->result->address = xstrdup(addresses.n ? addresses.v[0] : NULL);
	if (!d->result->address)
		return err_set(err, INVALID, "bond \"%s\" has no address to query", bond->name);
	d->result->bond = xstrdup(bond->name);
	d->result->server = vm_group_server_name(d->deployment, d->group, 0);
	int r = look_before(d, ASK_MS, err);
	/* Nothing is cut yet; one that cannot be is told before anything is touched. */
	return r < 0 || d->result->failure != DRILL_SILENT ? r : set_path(d, true, err);
}

static void find_outage(struct drill_result *result)
{
	const struct dnsload_result *load = &result->load;
	cleanup_dnsload_result struct dnsload_result touched = {0};

	dnsload_evaluate(load->queries, load->n_queries, result->down_ms - DRILL_IN_FLIGHT_MS,
			 DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS, &touched);
	result->outage = touched.longest;
	result->lost_after = touched.lost_after;
}

static int run(struct drill *d, unsigned qps, struct err *err)
{
	struct drill_result *result = d->result;
	struct dnsload *load = NULL;
	int r = prepare(d, err);

	if (r < 0)
		return r;
	const char *name = service_query_name(d->deployment, d->group);
	const struct dnsload_options options = {
		.server = result->address,
		.port = DNS_PORT,
		.name = name,
		.type = streq(name, ".") ? "SOA" : "A",
		.qps = qps,
		.duration_ms = DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS,
		.wait_ms = DRAIN_MS,
	};
	r = dnsload_start(d->vim, &options, &load, err);
	if (r < 0)
		return r;
	r = run_phases(d, load, err);
	if (d->broken) {
		cleanup_err struct err back = ERR_INIT;
		if (set_broken(d, false, &back) < 0)
			event_note(d->vim->run, failures[result->failure].up,
				   "the %s of %s could not be put back: %s; 'dnsvnf deploy' "
				   "does it when the VIM can be asked again",
				   failures[result->failure].object, result->port, back.text);
	}
	dnsload_finish(load, d->vim->run, &result->load);
	if (r < 0)
		return r;

	find_outage(result);
	result->leg_end = look_again(d, "at the end");
	result->failed_over = result->leg_after && !streq(result->leg_after, result->leg_before);
	result->failed_back = result->failed_over && streq(result->leg_end, result->leg_before);
	return 0;
}

int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      enum drill_failure failure, unsigned qps, struct drill_result *ret, struct err *err)
{
	cleanup_drill_result struct drill_result result = {.failure = failure, .outage_us = -1};
	struct drill d = {.vim = vim,
			  .deployment = deployment,
			  .group = group,

			  .management = service_management_address(group, 0),
			  .result = &result};

	if (failure == DRILL_SILENT && !vim->ops->set_path)
		return err_code(
			err, INVALID, ENOTSUP,
			"a tenant of %s cannot cut a path and keep its carrier: use --failure "
			"carrier, or cut it on the switch and run 'bondd status' in the guest",
			vim->ops->name);
	int r = run(&d, qps, err);
	guest_status_clear(&d.before);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct drill_result){0};
	return 0;
}

static int64_t moves_by(const struct guest_watch *w, const char *cause)
{
	for (size_t i = 0; w && i < w->n_moves; i++)
		if (streq(w->moves[i].cause, cause))
			return w->moves[i].count;
	return 0;
}

void drill_hear(struct drill_result *result, const struct guest_watch *before,
		const struct guest_watch *now)
{
	bool moved = false, failed = false;

	result->watched = now || result->sentence;
	if (!now)
		return;
	if (!result->watch_state)
		result->watch_state = xstrdup(now->state);
	/* Another number, not a higher one: a bondd that was started anew counts from 0. */
	for (size_t i = 0; i < now->n_moves; i++) {
		const char *cause = now->moves[i].cause;
		if (now->moves[i].count == moves_by(before, cause))
			continue;
		moved = true;
		failed |=
			streq(cause, "carrier") || streq(cause, "silent") || streq(cause, "lossy");
	}
	/* What comes after the first word is about the mending. */
	if (result->sentence || !now->sentence)
		return;
	if (!moved && before && before->said_at == now->said_at &&
	    streq(before->sentence, now->sentence))
		return;
	result->sentence = xstrdup(now->sentence);
	if (failed)
		result->outage_us = now->outage_us;
}

char *drill_monitor(const struct drill_result *result)
{
	return result->arp_interval ? xasprintf("arp_interval=%d", result->arp_interval)
				    : xasprintf("miimon=%d", result->miimon);
}

char *drill_why(const struct drill_result *result)
{
	cleanup_free char *monitor = drill_monitor(result);

	if (!result->leg_after || result->failed_over)
		return NULL;
	if (result->watched)
		return xasprintf("bondd watches, and left it there (%s): 'bondd status' in the "
				 "guest tells what stands in the way",
				 result->watch_state ? result->watch_state : "state not known");
	if (result->failure == DRILL_CARRIER)
		return NULL;
	if (result->arp_interval)
		return xasprintf("%s did not take it for a failure, and no bondd watches: see the "
				 "bond's arp_ip_target and arp_validate, or enable bondd.service "
				 "in the guest",
				 monitor);
	return xasprintf("the carrier stayed, which is all that %s sees, and no bondd watches: "
			 "enable bondd.service in the guest",
			 monitor);
}

void drill_result_clear(struct drill_result *result)
{
	free(result->server);
	free(result->bond);
	free(result->port);
	free(result->address);
	free(result->leg_before);
	free(result->leg_after);
	free(result->leg_end);
	free(result->watch_state);
	free(result->sentence);
	dnsload_result_clear(&result->load);
	*result = (struct drill_result){0};
}
