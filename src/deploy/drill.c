// SPDX-License-Identifier: Apache-2.0
#include "deploy/drill.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "check/match.h"
#include "deploy/dns.h"
#include "deploy/guest.h"
#include "deploy/neighbour.h"
#include "deploy/plan.h"
#include "model/service.h"
#include "vim/vim.h"

#define ASK_MS    2000
#define LAST_MS   300  /* the last query before the failure */
#define DRAIN_MS  1000 /* for the last answers */
#define ECHO_QPS  200  /* resolution of 5 ms, no load for the guest */
#define SETTLE_MS 15000
#define LOAD_MS   (DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS)

struct drill {
	struct vim *vim;
	const struct deployment *deployment;
	const struct vm_group *group;
	const struct drill_settings *settings;
	const char *management;     /* NULL: has no address */
	struct guest_status before; /* the failure */
	struct vim_server_info server;
	struct guest_match match; /* what day-0 means as legs */
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

const char *drill_source_name(enum drill_source source)
{
	static const char *const names[] = {NULL, "bondd", "mac", "forwarding"};

	return names[source];
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
	if (d->result->no_agent) {
		err_set(err, INVALID, "guest_agent is none");
		return NULL;
	}
	if (!d->management) {
		err_set(err, INVALID,
			"vm_group \"%s\": the management port has no ip_address in the descriptor, "
			"so drill cannot ask the guest for its active leg",
			d->group->name);
		return NULL;
	}
	if (guest_status(d->vim, d->management, GUEST_PORT, timeout_ms, ret, err) < 0) {
		err_wrap(err, "query the guest at %s for its active leg", d->management);
		return NULL;
	}
	const struct guest_bond *bond = guest_status_bond(ret, d->result->bond);
	if (bond && bond->active_leg)
		return bond;
	err_code(err, NOT_FOUND, ENODEV,
		 "bond \"%s\" has no active leg in the guest: run 'bondd status' in it",
		 d->result->bond);
	return NULL;
}

/* The name of the port's leg, in the guest or, if bond is NULL, in day-0; NULL: not a leg. */
static const char *leg_name(const struct drill *d, const struct guest_bond *bond,
			    const struct vim_port_info *port)
{
	for (size_t i = 0; bond && i < bond->n_legs; i++)
		if (port->mac_address && streq(bond->legs[i].permanent_mac, port->mac_address))
			return bond->legs[i].name;
	const struct bond_leg *leg =
		bond ? NULL : guest_match_nicid(&d->match, service_bond(d->group), port->nicid);
	return leg && !leg->name ? port->name : leg ? leg->name : NULL;
}

/* The name, in day-0 or else of its port, of the leg that answers for the bond's address; NULL with
 * err set. Borrowed from d. */
static const char *look_outside(struct drill *d, unsigned timeout_ms, struct err *err)
{
	struct drill_result *result = d->result;
	struct neighbour n = {0};

	if (neighbour_find(d->vim, &d->server, service_bond(d->group), result->address, timeout_ms,
			   &n, err) < 0)
		return NULL;
	if (!n.port) {
		err_set(err, NOT_FOUND,
			"%s answers for %s, which the legs may share: fail_over_mac is not active",
			n.mac, result->address);
		return NULL;
	}
	result->source = n.forwarded ? DRILL_BY_FORWARDING : DRILL_BY_MAC;
	const char *name = leg_name(d, NULL, n.port);
	return name ? name : n.port->name;
}

/* Not every driver of a PF can set the link of its VFs (igb cannot). */
static void look_at_carrier(struct drill_result *r, const struct guest_bond *bond)
{
	const struct guest_leg *leg = r->leg ? guest_bond_leg(bond, r->leg) : NULL;

	r->untouched = r->failure == DRILL_CARRIER && leg && leg->carrier == TRI_YES &&
		       streq(leg->mii_status, "up");
}

/* The active leg after the failure, and bondd's report on it; NULL with a note otherwise. */
static char *look_again(struct drill *d, const char *when)
{
	cleanup_guest_status struct guest_status status = {0};
	cleanup_err struct err err = ERR_INIT;
	const struct guest_bond *before = guest_status_bond(&d->before, d->result->bond), *bond;
	const char *active = NULL;

	switch (d->result->source) {
	case DRILL_BY_NOTHING: /* already noted */
		return NULL;
	case DRILL_BY_BONDD:
		bond = look(d, ASK_MS, &status, &err);
		if (bond)
			drill_hear(d->result, before->watch, bond->watch);
		active = bond ? bond->active_leg : NULL;
		if (bond && d->broken)
			look_at_carrier(d->result, bond);
		break;
	case DRILL_BY_MAC:
	case DRILL_BY_FORWARDING:
		active = look_outside(d, ASK_MS, &err);
		break;
	}
	if (!active)
		event_note(d->vim->run, "DRILL", "%s: %s", when, err.text);
	return xstrdup(active);
}

/* A killed drill leaves the link down; failing the other leg as well would cut the service. */
static int put_back(struct drill *d, const char *port, const char *leg, struct err *err)
{
	int r = d->vim->ops->set_link(d->vim, d->result->server, port, true, err);

	if (r < 0)
		return err_wrap(err, "set the link of %s up, which was down", leg);
	event_note(d->vim->run, "LINK_UP", "the link of %s (port %s) was down: set up again", leg,
		   port);
	return 0;
}

static int no_leg(const struct drill *d, const struct guest_bond *bond, const char *name,
		  struct err *err)
{
	const struct guest_leg *leg = bond ? guest_bond_leg(bond, name) : NULL;
	const struct bond *by_day0 = service_bond(d->group);
	cleanup_strbuf struct strbuf has = {0};

	if (leg)
		return err_code(err, NOT_FOUND, ENODEV,
				"server \"%s\" has no port with MAC %s, that of the leg \"%s\"",
				d->result->server,
				leg->permanent_mac ? leg->permanent_mac : "(unknown)", name);
	for (size_t i = 0; i < (bond ? bond->n_legs : by_day0->n_legs); i++) {
		const char *other = bond ? bond->legs[i].name : by_day0->legs[i].name;
		strbuf_addf(&has, "%s\"%s\"", has.len ? ", " : "", other ? other : "(unnamed)");
	}
	return err_code(err, NOT_FOUND, ENODEV, "bond \"%s\" has no leg \"%s\"%s; it has %s",
			d->result->bond, name, bond ? "" : " in day-0", has.s ? has.s : "none");
}

static int no_port(const struct drill *d, struct err *err)
{
	cleanup_strbuf struct strbuf has = {0};

	for (size_t i = 0; i < d->server.n_ports; i++)
		strbuf_addf(&has, "%s\"%s\"", i ? ", " : "", d->server.ports[i].name);
	return err_code(err, NOT_FOUND, ENODEV, "server \"%s\" has no port \"%s\"; it has %s",
			d->result->server, d->settings->port, has.s ? has.s : "none");
}

/* Finds the port to fail and its leg. bond NULL: the guest does not report it; active NULL:
 * unknown. */
static int find_port(struct drill *d, const struct guest_bond *bond, const char *active,
		     struct err *err)
{
	struct drill_result *result = d->result;
	const char *leg = d->settings->leg ? d->settings->leg : active;
	int r = 0;

	free(steal_ptr(result->port));
	free(steal_ptr(result->leg));
	for (size_t i = 0; i < d->server.n_ports && r == 0; i++) {
		const struct vim_port_info *port = &d->server.ports[i];
		const char *name = leg_name(d, bond, port);
		bool wanted = d->settings->port ? streq(port->name, d->settings->port)
						: streq(name || bond ? name : port->name, leg);
		if (wanted && !result->port) {
			result->port = xstrdup(port->name);
			result->leg = xstrdup(name);
		}
		if (name && active && !port->link_up && !streq(name, active))
			r = put_back(d, port->name, name, err);
	}
	if (r < 0 || result->port)
		return r;
	return d->settings->port ? no_port(d, err) : no_leg(d, bond, leg, err);
}

static int look_at_server(struct drill *d, struct err *err)
{
	vim_server_info_clear(&d->server);
	return d->vim->ops->server(d->vim, d->result->server, VIM_LOOK_ALL, &d->server, err);
}

static int take_active(struct drill *d, const struct guest_bond *bond, const char *active,
		       struct err *err)
{
	struct drill_result *result = d->result;

	if (active && streq(result->leg_before, active))
		return 0;
	free(result->leg_before);
	result->leg_before = xstrdup(active);
	return find_port(d, bond, active, err);
}

/* look_before if the guest does not report its bond, for the reason `silent`. */
static int look_before_outside(struct drill *d, unsigned timeout_ms, const struct err *silent,
			       struct err *err)
{
	const struct drill_settings *settings = d->settings;
	struct drill_result *result = d->result;
	cleanup_err struct err unseen = ERR_INIT;

	if (run_interrupted(d->vim->run))
		return err_set(err, INTERRUPTED, "interrupted before anything was changed");
	if (result->source == DRILL_BY_BONDD) /* it did before */
		return settings->port ? 0 : err_copy(err, silent);
	int r = d->server.name ? 0 : look_at_server(d, err);
	if (r < 0)
		return r;
	const char *active = look_outside(d, timeout_ms, &unseen);
	if (!active && result->port) /* found before */
		return 0;
	if (!active && !settings->port && !settings->leg)
		return err_set_kind(err, result->no_agent ? unseen.kind : silent->kind, 0,
				    "%s; %s: name the port to fail with --port", silent->text,
				    unseen.text);
	if (!result->port && !(active && result->no_agent))
		event_note(d->vim->run, "DRILL", "%s%s%s", silent->text, active ? "" : "; ",
			   active ? "" : unseen.text);
	return take_active(d, NULL, active, err);
}

/* Selects the leg to fail; saves bondd's report so far. */
static int look_before(struct drill *d, unsigned timeout_ms, struct err *err)
{
	struct drill_result *result = d->result;
	struct guest_status status = {0};
	cleanup_err struct err silent = ERR_INIT;
	const struct guest_bond *bond = look(d, timeout_ms, &status, &silent);

	if (!bond) {
		guest_status_clear(&status);
		return look_before_outside(d, timeout_ms, &silent, err);
	}
	guest_status_clear(&d->before);
	d->before = status;
	result->source = DRILL_BY_BONDD;
	result->miimon = (int)bond->miimon;
	result->arp_interval = (int)bond->arp_interval;
	result->watched = bond->watch != NULL;
	int r = streq(result->leg_before, bond->active_leg) ? 0 : look_at_server(d, err);
	return r < 0 ? r : take_active(d, bond, bond->active_leg, err);
}

/* The bond may have moved by itself since. Fails the leg that is active now, and discards bondd's
 * report on the other. If the guest does not reply in time, the earlier state is used. */
static int look_last(struct drill *d, struct err *err)
{
	cleanup_err struct err slow = ERR_INIT;
	cleanup_free char *leg = xstrdup(d->result->leg_before);
	int r = look_before(d, LAST_MS, &slow);

	if (r < 0 && !d->result->port)
		return err_copy(err, &slow);
	if (leg && !streq(leg, d->result->leg_before))
		event_note(d->vim->run, "DRILL", "the bond moved from %s to %s by itself", leg,
			   d->result->leg_before);
	return 0;
}

/* Whether there is a leg that the bond would move to at once. */
static bool is_ready(const struct guest_leg *leg)
{
	if (leg->carrier == TRI_NO || (leg->mii_status && !streq(leg->mii_status, "up")))
		return false;
	return !leg->watch || leg->watch->probed == TRI_NO || streq(leg->watch->path, "proven");
}

static const struct guest_leg *unready_leg(const struct drill *d)
{
	const struct guest_bond *bond = guest_status_bond(&d->before, d->result->bond);

	for (size_t i = 0; bond && i < bond->n_legs; i++)
		if (!is_ready(&bond->legs[i]))
			return &bond->legs[i];
	return NULL;
}

/* Waits for a leg that has just returned, from an earlier drill, until it is good again. */
static int settle(struct drill *d, struct err *err)
{
	const int64_t deadline = clock_deadline(SETTLE_MS);
	const struct guest_leg *leg;

	while ((leg = unready_leg(d))) {
		if (run_interrupted(d->vim->run))
			return err_set(err, INTERRUPTED, "interrupted before anything was changed");
		if (clock_left_ms(deadline) == 0) {
			event_note(d->vim->run, "DRILL",
				   "leg %s is not ready to take over: MII status %s, path %s",
				   leg->name, leg->mii_status ? leg->mii_status : "unknown",
				   leg->watch && leg->watch->path ? leg->watch->path : "unknown");
			return 0;
		}
		clock_sleep(250 * US_PER_MS);
		int r = look_before(d, ASK_MS, err);
		if (r < 0)
			return r;
	}
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

	/* It may be broken even if the call failed. */
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

/* set_broken, and when. */
static int change(struct drill *d, struct dnsload *load, bool broken, struct outage_moment *ret,
		  struct err *err)
{
	const char *type =
		broken ? failures[d->result->failure].down : failures[d->result->failure].up;

	ret->from_ms = dnsload_elapsed(load);
	int r = set_broken(d, broken, err);
	ret->to_ms = dnsload_elapsed(load);
	if (r == 0)
		report(d, type, EVENT_SUCCESS, d->result->leg);
	return r;
}

/* Before, during, after; on an error the caller restores it. */
static int run_phases(struct drill *d, struct dnsload *load, struct err *err)
{
	struct drill_result *result = d->result;
	const char *object = failures[result->failure].object;
	const double down_at = DRILL_BEFORE_MS, up_at = DRILL_BEFORE_MS + DRILL_DOWN_MS;

	report(d, "DRILL", EVENT_STARTED, "DNS load before the failure");
	if (dnsload_wait_until(load, down_at - LAST_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted before the %s was taken down",
			       object);
	int r = look_last(d, err);
	if (r < 0)
		return r;
	if (dnsload_wait_until(load, down_at, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted before the %s was taken down",
			       object);
	r = change(d, load, true, &result->down, err);
	if (r < 0)
		return r;
	/* Late enough for the slowest monitor, but before the leg is restored. */
	if (dnsload_wait_until(load, up_at - ASK_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted while the %s was down", object);
	result->leg_after = look_again(d, "during the failure");
	if (dnsload_wait_until(load, up_at, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted while the %s was down", object);
	r = change(d, load, false, &result->up, err);
	if (r < 0)
		return r;
	if (dnsload_wait_until(load, up_at + DRILL_AFTER_MS, d->vim->run) < 0)
		return err_set(err, INTERRUPTED, "interrupted after the %s was restored", object);
	return 0;
}

static int find_server(struct drill *d, struct err *err)
{
	cleanup_server_info struct vim_server_info server = {0};
	const char *name = d->result->server;
	int r = d->vim->ops->server(d->vim, name, VIM_LOOK_STATE, &server, err);

	if (r == -ENOENT) {
		err_clear(err);
		return err_set(err, NOT_FOUND,
			       "deployment \"%s\" has no server \"%s\": run 'dnsvnf deploy' first",
			       d->deployment->name, name);
	}
	if (r == 0 && server.state != VIM_STATE_ACTIVE)
		return err_set(err, NOT_FOUND,
			       "server \"%s\" is %s%s%s: a drill needs one that serves", name,
			       server.status ? server.status : vim_state_name(server.state),
			       server.fault ? ": " : "", server.fault ? server.fault : "");
	return r;
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
	service_addresses(d->group, 0, &addresses);
	d->result->address = xstrdup(addresses.n ? addresses.v[0] : NULL);
	if (!d->result->address)
		return err_set(err, INVALID, "bond \"%s\" has no address to query", bond->name);
	d->result->bond = xstrdup(bond->name);
	d->result->miimon = bond->miimon;
	d->result->arp_interval = bond->arp_interval;
	d->result->no_agent = !service_has_bondd(d->deployment, d->group);
	d->result->server = vm_group_server_name(d->deployment, d->group, 0);
	int r = find_server(d, err);
	if (r == 0)
		r = look_before(d, ASK_MS, err);
	if (r == 0)
		r = settle(d, err);
	/* Cuts nothing yet: reports an unsupported failure before any change. */
	return r < 0 || d->result->failure != DRILL_SILENT ? r : set_path(d, true, err);
}

/* Echo requests on the management address, if it has one. */
static struct dnsload *start_echo(const struct drill *d)
{
	const struct dnsload_options options = {
		.server = d->management,
		.echo = true,
		.qps = ECHO_QPS,
		.duration_ms = LOAD_MS,
		.wait_ms = DRAIN_MS,
	};
	struct dnsload *echo = NULL;
	cleanup_err struct err err = ERR_INIT;

	if (!d->management || dnsload_start(d->vim, &options, &echo, &err) < 0)
		event_note(d->vim->run, "DRILL", "no echo requests during the load: %s",
			   err.text ? err.text : "the management port has no address");
	return echo;
}

static int start_load(struct drill *d, struct dnsload **ret, struct err *err)
{
	struct drill_result *result = d->result;
	const char *name = service_query_name(d->deployment, d->group);
	struct dnsload_options options = {
		.server = result->address,
		.port = d->settings->dns_port ? d->settings->dns_port : DNS_PORT,
		.name = name,
		.type = streq(name, ".") ? "SOA" : "A",
		.qps = d->settings->qps,
		.duration_ms = LOAD_MS,
		.wait_ms = DRAIN_MS,
	};

	result->qps = d->settings->rate;
	if (!result->qps) {
		int r = rate_find(d->vim, &options, &result->qps, err);
		if (r == -EINTR)
			return err_set(err, INTERRUPTED, "interrupted before anything was changed");
		if (r < 0)
			return err_wrap(err, "nothing was changed");
		event_note(d->vim->run, "DRILL", "%u queries/s are answered without loss%s",
			   result->qps, result->qps < d->settings->qps ? ", not more" : "");
	}
	options.qps = result->qps;
	return dnsload_start(d->vim, &options, ret, err);
}

/* The echoes' times from the start of the DNS load on. */
static void take_echo(const struct drill *d, struct dnsload *echo, int64_t start)
{
	struct dnsload_result *result = &d->result->echo;

	if (!echo)
		return;
	double later = (double)(dnsload_started(echo) - start) / 1e3;
	dnsload_finish(echo, d->vim->run, result);
	for (size_t i = 0; i < result->n_queries; i++)
		result->queries[i].sent_ms += later;
}

static void evaluate(struct drill *d)
{
	struct drill_result *r = d->result;
	const bool known = r->leg_before && r->leg_after;

	r->active = !r->leg || !r->leg_before || streq(r->leg, r->leg_before);
	r->failed_back = r->leg_end && r->leg_after && !streq(r->leg_end, r->leg_after);
	const struct outage_input input = {
		.dns = {r->load.queries, r->load.n_queries},
		/* No reply at all: filtered. */
		.echo = {r->echo.queries, r->echo.answered ? r->echo.n_queries : 0},
		.down = r->down,
		.up = r->up,
		.delay_ms = r->failure == DRILL_CARRIER ? d->vim->ops->link_delay_ms : 0,
		.moves_back = r->failed_back,
		.must_move = r->active,
		.untouched = r->untouched,
		.known = known,
		.moved = known && !streq(r->leg_after, r->leg_before),
		.max_ms = d->settings->max_outage_ms,
	};
	outage_evaluate(&input, &r->outage);
	r->untouched = r->outage.untouched;
}

static void mend(struct drill *d)
{
	cleanup_err struct err err = ERR_INIT;
	const struct drill_result *result = d->result;

	if (d->broken && set_broken(d, false, &err) < 0)
		event_note(d->vim->run, failures[result->failure].up,
			   "the %s of %s could not be restored: %s; run 'dnsvnf deploy' when the "
			   "VIM is reachable again",
			   failures[result->failure].object, result->port, err.text);
}

static int run(struct drill *d, struct err *err)
{
	struct drill_result *result = d->result;
	struct dnsload *load = NULL;
	int r = prepare(d, err);

	if (r == 0)
		r = start_load(d, &load, err);
	if (r < 0)
		return r;
	struct dnsload *echo = start_echo(d);
	int64_t start = dnsload_started(load);
	r = run_phases(d, load, err);
	mend(d);
	dnsload_finish(load, d->vim->run, &result->load);
	take_echo(d, echo, start);
	if (r < 0)
		return r;
	result->leg_end = look_again(d, "at the end");
	evaluate(d);
	return 0;
}

int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      const struct drill_settings *settings, struct drill_result *ret, struct err *err)
{
	cleanup_drill_result struct drill_result result = {.failure = settings->failure,
							   .outage_us = -1};
	struct drill d = {.vim = vim,
			  .deployment = deployment,
			  .group = group,
			  .settings = settings,
			  .management = service_management_address(group, 0),
			  .result = &result};

	if (settings->failure == DRILL_SILENT && !vim->ops->set_path)
		return err_code(
			err, INVALID, ENOTSUP,
			"a tenant of %s cannot cut a path and keep its carrier: use --failure "
			"carrier, or cut it on the switch and run 'bondd status' in the guest",
			vim->ops->name);
	guest_match(group, &d.match);
	int r = run(&d, err);
	guest_match_clear(&d.match);
	vim_server_info_clear(&d.server);
	guest_status_clear(&d.before);
	if (r < 0)
		return r;
	*ret = steal(result);
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
	/* Any other number, not only a higher one: a restarted bondd counts from 0. */
	for (size_t i = 0; i < now->n_moves; i++) {
		const char *cause = now->moves[i].cause;
		if (now->moves[i].count == moves_by(before, cause))
			continue;
		moved = true;
		failed |=
			streq(cause, "carrier") || streq(cause, "silent") || streq(cause, "lossy");
	}
	/* Later reports are about the restored leg. */
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
	if (result->arp_interval > 0)
		return xasprintf("arp_interval=%d", result->arp_interval);
	return result->miimon < 0 ? xstrdup("monitor unknown")
				  : xasprintf("miimon=%d", result->miimon);
}

char *drill_why(const struct drill_result *result)
{
	cleanup_free char *monitor = drill_monitor(result);

	if (!result->leg_after || !result->active || result->outage.failed_over)
		return NULL;
	if (result->untouched)
		return xasprintf("the link of port %s was set down, but %s kept its carrier: the "
				 "driver of its PF cannot set a VF's link (see the log of "
				 "neutron-sriov-nic-agent, and 'dnsvnf host' on the compute host); "
				 "pull the PF's cable instead",
				 result->port, result->leg);
	if (result->watched)
		return xasprintf("bondd is running but did not move the bond (%s): run 'bondd "
				 "status' in the guest for the reason",
				 result->watch_state ? result->watch_state : "state unknown");
	if (result->failure == DRILL_CARRIER)
		return NULL;
	if (result->arp_interval > 0)
		return xasprintf(
			"%s did not detect the failure, and bondd is not running: check the "
			"bond's arp_ip_target and arp_validate%s",
			monitor, result->no_agent ? "" : ", or enable bondd.service in the guest");
	return xasprintf("%s monitors only the carrier, which stayed up, and bondd is not running: "
			 "%s",
			 monitor,
			 result->no_agent ? "use the ARP monitor with two targets"
					  : "enable bondd.service in the guest");
}

void drill_result_clear(struct drill_result *result)
{
	free_all(result->server, result->bond, result->port, result->address, result->leg,
		 result->leg_before, result->leg_after, result->leg_end, result->watch_state,
		 result->sentence);
	dnsload_result_clear(&result->load);
	dnsload_result_clear(&result->echo);
	*result = (struct drill_result){0};
}
