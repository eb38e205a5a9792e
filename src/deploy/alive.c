// SPDX-License-Identifier: Apache-2.0
#include "deploy/alive.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/alive_wait.h"
#include "deploy/plan.h"
#include "deploy/reach.h"
#include "deploy/verify.h"
#include "model/service.h"

#define SILENT_MS    15000 /* until the VIM is asked what keeps packets out */
#define UNSURE_MS    30000 /* for an address that may be unreachable from here */
#define ESSENTIAL_MS 10000 /* for the legs to join the bond, after cloud-init */
#define STEADY_MS    3000  /* DNS must answer for this long after a change */
#define STEADY_S     30    /* and must start to answer within this time */

/* Whether the address can be reached from here. */
static enum vim_reach reach_now(const struct wait *w, const char *address, char **ret_why)
{
	enum vim_reach reach = reach_of(w->vim, &w->seen, address, ret_why);

	return reach == VIM_REACH_MAYBE && w->served ? VIM_REACH_YES : reach;
}

static int wait_active(struct wait *w, struct err *err)
{
	wait_report(w, "VM_DEPLOYED", EVENT_STARTED, NULL);
	for (;;) {
		cleanup_server_info struct vim_server_info info = {0};
		int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_STATE, &info, err);
		if (r < 0)
			return err_wrap(err, "server %s", w->server->name);
		if (info.state == VIM_STATE_ACTIVE) {
			wait_report(w, "VM_DEPLOYED", EVENT_SUCCESS, info.hypervisor);
			return 0;
		}
		r = wait_check_state(w, &info, "VM_DEPLOYED", "the server to be ACTIVE", err);
		if (r < 0)
			return r;
		clock_sleep(ALIVE_ROUND_MS * US_PER_MS);
	}
}

/* The first port that is not up yet, or NULL. */
static const struct vim_port_info *port_down(const struct vim_server_info *info)
{
	return array_find(info->ports, info->n_ports, it->link_up && !streq(it->status, "ACTIVE"));
}

/* A server may be ACTIVE before Neutron's agents have wired its ports. */
static int wait_ports(struct wait *w, struct err *err)
{
	for (;;) {
		cleanup_server_info struct vim_server_info info = {0};
		int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_ALL, &info, err);
		if (r < 0)
			return err_wrap(err, "server %s", w->server->name);
		const struct vim_port_info *down = port_down(&info);
		if (!down) {
			w->seen = steal(info);
			return 0;
		}
		if (streq(down->vif_type, "binding_failed"))
			return err_set(
				err, FAILED,
				"port \"%s\" cannot be bound: check that Neutron's agent runs on "
				"the server's host and maps the port's physical network",
				down->name);
		cleanup_free char *what = xasprintf("port %s to be ACTIVE", down->name);
		r = wait_check_state(w, &info, "VM_DEPLOYED", what, err);
		if (r < 0)
			return r;
		clock_sleep(ALIVE_ROUND_MS * US_PER_MS);
	}
}

/* Names what keeps packets out, once, when it has been silent for a while. */
static void note_barrier(const struct wait *w, const char *type, const char *address,
			 const char *protocol, unsigned port, bool *asked)
{
	if (*asked || !w->has_turn || clock_ms_since(w->since) < SILENT_MS)
		return;
	*asked = true;
	cleanup_free char *why = reach_barrier(w->vim, &w->seen, address, protocol, port);
	if (why)
		event_note(w->vim->run, type, "%s does not answer yet: %s", address, why);
}

/*
 * WAIT_ON; 0: bootup_time is over, and it is not known whether the address can be reached from
 * here: a note, not a failure; or -errno.
 */
static int wait_unsure(const struct wait *w, enum vim_reach reach, const char *type,
		       const char *waiting_for, struct err *err)
{
	cleanup_err struct err late = ERR_INIT;
	int r = wait_check(w, type, waiting_for, &late);

	if (r == -ETIMEDOUT && reach == VIM_REACH_MAYBE) {
		event_note(w->vim->run, type,
			   "no %s in %lld s: unknown, since there may be no route to it from here",
			   waiting_for, (long long)w->limit);
		return 0;
	}
	return r < 0 ? err_copy(err, &late) : WAIT_ON;
}

static bool begin_echo(struct wait *w, const char *address, const char *what)
{
	cleanup_free char *why = NULL;
	cleanup_err struct err err = ERR_INIT;

	if (!address)
		why = xstrdup("the descriptor has no management address for it");
	else
		(void)reach_now(w, address, &why);
	if (why) {
		event_note(w->vim->run, "VM_ALIVE", "%s cannot be reached from here: %s",
			   w->server->name, why);
		return false;
	}
	wait_report(w, "VM_ALIVE", EVENT_STARTED, what);
	w->echo = alive_probe_echo(w->probes, address, &err);
	if (!w->echo)
		event_note(w->vim->run, "VM_ALIVE", "%s cannot be asked: %s", address, err.text);
	return true;
}

static int wait_echo(struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);
	cleanup_free char *what = xasprintf("echo replies from %s", address ? address : "it");
	cleanup_free char *why = NULL;
	int r = 0;

	if (w->begins && !begin_echo(w, address, what))
		return 0;
	if (alive_probe_look(w->probes, w->echo).answered_ms >= 0) {
		wait_report(w, "VM_ALIVE", EVENT_SUCCESS, what);
	} else {
		note_barrier(w, "VM_ALIVE", address, "icmp", 0, &w->barrier_asked);
		r = wait_unsure(w, reach_now(w, address, &why), "VM_ALIVE", what, err);
	}
	if (r <= 0)
		alive_probe_end(w->probes, &w->echo);
	return r;
}

/* The service addresses; the probes of those that may be reached begin. */
static void begin_dns(struct wait *w)
{
	const struct bond *bond = service_bond(w->server->group);
	const char *name = service_query_name(w->plan->deployment, w->server->group);

	service_addresses(w->server->group, w->server->index, &w->addresses);
	w->dns = xcalloc(w->addresses.n + 1, sizeof(*w->dns));
	for (size_t i = 0; i < w->addresses.n; i++) {
		struct wait_address *a = &w->dns[w->n_dns++];
		cleanup_err struct err err = ERR_INIT;
		*a = (struct wait_address){
			.address = w->addresses.v[i],
			.what = xasprintf("DNS on %s%s%s", bond ? bond->name : "", bond ? " " : "",
					  w->addresses.v[i]),
		};
		a->reach = reach_now(w, a->address, &a->why);
		if (a->reach == VIM_REACH_NO)
			continue;
		a->probe = alive_probe_dns(w->probes, a->address, name, &err);
		if (!a->probe)
			a->why = xstrdup(err.text);
	}
}

/* Answers from now on count. */
static void restart_dns(const struct wait *w)
{
	for (size_t i = 0; i < w->n_dns; i++)
		alive_probe_restart(w->probes, w->dns[i].probe);
}

static void begin_answers(struct wait *w)
{
	restart_dns(w);
	for (size_t i = 0; i < w->n_dns; i++) {
		struct wait_address *a = &w->dns[i];
		a->waits = a->reach != VIM_REACH_NO;
		a->answers = false;
		if (a->waits)
			wait_report(w, "SERVICE_ALIVE", EVENT_STARTED, a->what);
	}
}

/* WAIT_ON; 0: the address answers, or is not waited for any longer; or -errno. */
static int wait_address(struct wait *w, struct wait_address *a, struct err *err)
{
	a->answers = alive_probe_look(w->probes, a->probe).served_ms >= 0;
	if (a->answers)
		return 0;
	note_barrier(w, "SERVICE_ALIVE", a->address, "udp", DNS_PORT, &a->barrier_asked);
	if (a->reach != VIM_REACH_MAYBE || clock_ms_since(w->since) <= UNSURE_MS)
		return wait_unsure(w, a->reach, "SERVICE_ALIVE", a->what, err);
	event_note(w->vim->run, "SERVICE_ALIVE",
		   "%s did not answer in %d s, perhaps because there is no route to it from here: "
		   "not waiting any longer",
		   a->what, UNSURE_MS / 1000);
	return 0;
}

/* Where DNS answers: "DNS on bond0 192.0.2.1, ..."; NULL: nowhere. */
static char *where_it_answers(const struct wait *w)
{
	struct strbuf where = {0};

	for (size_t i = 0; i < w->n_dns; i++)
		if (w->dns[i].answers)
			strbuf_addf(&where, "%s%s", where.len ? ", " : "", w->dns[i].what);
	return where.len ? strbuf_steal(&where) : NULL;
}

/* Until every address that can be reached answers. */
static int wait_answers(struct wait *w, struct err *err)
{
	int result = 0;

	if (w->begins)
		begin_answers(w);
	for (size_t i = 0; i < w->n_dns; i++) {
		int r = w->dns[i].waits ? wait_address(w, &w->dns[i], err) : 0;
		if (r < 0)
			return r;
		w->dns[i].waits = r == WAIT_ON;
		result |= r;
	}
	if (result == 0) {
		free(w->where);
		w->where = where_it_answers(w);
	}
	return result;
}

static int wait_dns(struct wait *w, struct err *err)
{
	if (w->begins) {
		begin_dns(w);
		if (w->n_dns == 0)
			event_note(w->vim->run, "SERVICE_ALIVE",
				   "%s has no service address in its day-0 or descriptor: DNS is "
				   "not checked",
				   w->server->name);
		for (size_t i = 0; i < w->n_dns; i++)
			if (w->dns[i].why)
				event_note(w->vim->run, "SERVICE_ALIVE", "%s cannot be %s: %s",
					   w->dns[i].what,
					   w->dns[i].reach == VIM_REACH_NO ? "reached from here"
									   : "asked",
					   w->dns[i].why);
	}
	int r = wait_answers(w, err);
	if (r == 0 && w->where)
		event_note(w->vim->run, "DNS_ANSWERED", "first answers %.1f s after the start: %s",
			   clock_ms_since(w->start) / 1e3, w->where);
	return r;
}

/* Day-0 may have set the bond down after the first answers. */
static int wait_dns_again(struct wait *w, struct err *err)
{
	return w->where ? wait_answers(w, err) : 0;
}

/* What is not as it should be, or unknown, though the service answers. */
static void note_others(const struct wait *w, const struct verifications *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].verdict == VERDICT_FAIL)
			event_note(w->vim->run, "VERIFY", "%s: %s of %s failed: %s",
				   w->server->name, v->v[i].check, v->v[i].object,
				   v->v[i].evidence);
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].verdict == VERDICT_UNKNOWN &&
		    verification_weight(&v->v[i]) != WEIGHT_DETAIL)
			event_note(w->vim->run, "VERIFY", "%s: %s of %s is unknown: %s",
				   w->server->name, v->v[i].check, v->v[i].object,
				   v->v[i].evidence);
}

/* The essential checks of verify; a bond may be still being set up. */
static int wait_essential(struct wait *w, struct err *err)
{
	const struct plan *plan = w->plan;
	cleanup_verifications struct verifications v = {0};
	cleanup_server_info struct vim_server_info info = {0};
	cleanup_err struct err unseen = ERR_INIT;

	if (!w->has_turn)
		return WAIT_ON;
	int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_ALL, &info, &unseen);
	if (r == -EINTR || r == -ENOENT)
		return err_pass(err, &unseen, "server %s", w->server->name);
	if (r < 0) {
		event_note(w->vim->run, "VERIFY", "%s is not verified: %s", w->server->name,
			   unseen.text);
		return 0;
	}
	verify_guest(w->vim, plan->model, plan->deployment, w->server->group, w->server->index,
		     &info, &v);
	const struct verification *failed = array_find(
		v.v, v.n,
		it->verdict == VERDICT_FAIL && verification_weight(it) == WEIGHT_ESSENTIAL);
	if (!failed) {
		note_others(w, &v);
		return 0;
	}
	if (clock_ms_since(w->since) > ESSENTIAL_MS)
		return err_set(err, FAILED, "server \"%s\" runs, but %s of %s failed: %s",
			       w->server->name, failed->check, failed->object, failed->evidence);
	r = wait_check_state(w, &info, "SERVICE_ALIVE", failed->check, err);
	return r < 0 ? r : WAIT_ON;
}

/* Whether DNS answers on every address that can be reached. */
static enum tristate serves_now(const struct wait *w)
{
	enum tristate serves = TRI_UNKNOWN;

	for (size_t i = 0; i < w->n_dns; i++) {
		struct probe_view v = alive_probe_look(w->probes, w->dns[i].probe);
		if (v.served_ms >= 0 && v.served_ms == v.answered_ms && v.misses == 0)
			serves = TRI_YES;
		else if (w->dns[i].reach == VIM_REACH_YES)
			return TRI_NO;
	}
	return serves;
}

/* Until it has answered for a while: the first answer may come from a guest about to restart. */
static int wait_steady(struct wait *w, struct err *err)
{
	/* It serves; the time that day-0 took of bootup_time does not count here. */
	int64_t least = (clock_now() - w->start) / US_PER_S + STEADY_S;

	if (!w->steady)
		return 0;
	if (w->begins) {
		w->limit = w->limit < least ? least : w->limit;
		restart_dns(w);
	}
	if (serves_now(w) == TRI_NO)
		w->since = clock_now();
	if (clock_ms_since(w->since) >= STEADY_MS)
		return 0;
	int r = wait_check(w, "SERVICE_ALIVE", "DNS to answer for a while", err);
	return r < 0 ? r : WAIT_ON;
}

static int end_service(struct wait *w, struct err *err)
{
	(void)err;
	if (w->where)
		wait_report(w, "SERVICE_ALIVE", EVENT_SUCCESS, w->where);
	return 0;
}

static int (*const stages[])(struct wait *w, struct err *err) = {
	wait_echo,      wait_dns,       wait_day0,   wait_console,
	wait_dns_again, wait_essential, end_service, wait_steady,
};

/* Stage by stage, as far as it goes now. 0: it is alive; WAIT_ON; or -errno. */
static int go_on(struct wait *w, bool turn, struct err *err)
{
	for (; w->stage < ARRAY_SIZE(stages); w->stage++) {
		if (w->since < 0)
			w->since = clock_now();
		w->has_turn = turn || w->begins;
		int r = stages[w->stage](w, err);
		w->begins = false;
		if (r != 0)
			return r;
		w->since = -1;
		w->begins = true;
	}
	return 0;
}

/*
 * Each as far as it goes, from number *first on. The first that still waits has had the turn, and
 * *first is the next one. Returns how many wait, or -errno.
 */
static int go_on_all(struct wait *w, size_t n, bool turn, size_t *first, struct err *err)
{
	size_t from = *first;
	int waiting = 0;

	for (size_t k = 0; k < n; k++) {
		size_t i = (from + k) % n;
		w[i].shows = turn && waiting == 0;
		int r = go_on(&w[i], turn && waiting == 0, err);
		if (r < 0)
			return r;
		if (r == WAIT_ON && waiting++ == 0 && turn)
			*first = (i + 1) % n;
	}
	return waiting;
}

/* Side by side, until all are alive. */
static int wait_for_all(struct wait *w, size_t n, struct alive_probes *probes, struct err *err)
{
	size_t first = 0;
	int waiting;

	while ((waiting = go_on_all(w, n, true, &first, err)) > 0) {
		int64_t until = clock_now() + ALIVE_ROUND_MS * US_PER_MS;
		while (waiting > 0 && alive_probes_run(probes, until))
			waiting = go_on_all(w, n, false, &first, err);
		if (waiting <= 0)
			break;
	}
	return waiting;
}

static void wait_clear(struct wait *w)
{
	vim_server_info_clear(&w->seen);
	for (size_t i = 0; i < w->n_dns; i++)
		free_all(w->dns[i].what, w->dns[i].why);
	strv_clear(&w->addresses);
	free_all(w->dns, w->where, w->console);
}

/* Until it is ACTIVE with its ports. */
static int begin(struct wait *w, const struct step *server, bool steady, struct err *err)
{
	bool monitored = server->group->bootup_time >= 0;

	w->server = server;
	w->limit = monitored ? server->group->bootup_time : 300;
	w->steady = steady;
	w->since = -1;
	w->begins = w->shows = true;
	w->stage = monitored ? 0 : ARRAY_SIZE(stages);
	int r = wait_active(w, err);
	return r < 0 ? r : wait_ports(w, err);
}

int alive_wait(struct vim *vim, const struct plan *plan, const bool *which, struct err *err)
{
	struct wait *w = xcalloc(plan->n + 1, sizeof(*w));
	struct alive_probes *probes = alive_probes_new(vim);
	int64_t start = clock_now();
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++) {
		const struct step *s = &plan->v[i];
		if (!which[i] || s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		w[n] = (struct wait){.vim = vim, .plan = plan, .probes = probes, .start = start};
		/* Without bondd it is unknown when day-0, which may set the bond down, is done. */
		r = begin(&w[n++], s, !service_has_bondd(plan->deployment, s->group), err);
	}
	if (r == 0)
		r = wait_for_all(w, n, probes, err);
	for (size_t i = 0; i < n; i++)
		wait_clear(&w[i]);
	free(w);
	alive_probes_free(probes);
	return r;
}

int alive_wait_server(struct vim *vim, const struct plan *plan, const struct step *server,
		      bool served, struct err *err)
{
	struct wait w = {.vim = vim,
			 .plan = plan,
			 .probes = alive_probes_new(vim),
			 .start = clock_now(),
			 .served = served};
	int r = begin(&w, server, true, err);

	if (r == 0)
		r = wait_for_all(&w, 1, w.probes, err);
	wait_clear(&w);
	alive_probes_free(w.probes);
	return r;
}

enum tristate alive_serves(struct vim *vim, const struct plan *plan, const struct step *server)
{
	struct wait w = {
		.vim = vim, .plan = plan, .server = server, .probes = alive_probes_new(vim)};
	enum tristate serves = TRI_NO;

	if (vim->ops->server(vim, server->name, VIM_LOOK_ALL, &w.seen, NULL) == 0 &&
	    w.seen.state == VIM_STATE_ACTIVE && server->group->bootup_time < 0)
		serves = TRI_UNKNOWN;
	else if (w.seen.state == VIM_STATE_ACTIVE) {
		begin_dns(&w);
		/* One packet may be lost: each address is asked twice at least. */
		int64_t until = clock_now() + 3 * ALIVE_ROUND_MS * US_PER_MS;
		while ((serves = serves_now(&w)) == TRI_NO && clock_now() < until)
			(void)alive_probes_run(w.probes, until);
	}
	wait_clear(&w);
	alive_probes_free(w.probes);
	return serves;
}
