// SPDX-License-Identifier: Apache-2.0
#include "deploy/alive.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "deploy/dns.h"
#include "deploy/guest.h"
#include "deploy/plan.h"
#include "deploy/reach.h"
#include "deploy/verify.h"
#include "model/service.h"

#define ROUND_MS        500   /* a boot does not progress faster */
#define STATUS_GRACE_MS 60000 /* after the first DNS answer: for bondd to start, or the console */
#define SILENT_MS       15000 /* until the VIM is asked what keeps packets out */
#define UNSURE_MS       30000 /* for an address that may be unreachable from here */
#define ESSENTIAL_MS    10000 /* for the legs to join the bond, after cloud-init */
#define STEADY_MS       3000  /* DNS must answer for this long after a change */
#define STEADY_S        30    /* and must start to answer within this time */
#define CONSOLE_LINES   12    /* when to report that nothing was received */

/* Waiting for one server. */
struct wait {
	struct vim *vim;
	const struct plan *plan;
	const struct step *server;
	int64_t start, limit;        /* clock_now(); s after it */
	struct vim_server_info seen; /* when it became ACTIVE */
	bool served;                 /* before its change, so it can be reached from here */
};

/* Whether the address can be reached from here. */
static enum vim_reach reach_now(const struct wait *w, const char *address, char **ret_why)
{
	enum vim_reach reach = reach_of(w->vim, &w->seen, address, ret_why);

	return reach == VIM_REACH_MAYBE && w->served ? VIM_REACH_YES : reach;
}

static void report(const struct wait *w, const char *type, enum event_status status,
		   const char *details)
{
	event_report(w->vim->run, &(struct event){
					  .type = type,
					  .status = status,
					  .tenant = w->vim->tenant,
					  .deployment = w->vim->deployment,
					  .vm_group = w->server->group->name,
					  .object = w->server->name,
					  .details = details,
					  .done = (uint64_t)(clock_ms_since(w->start) / 1e3),
					  .total = (uint64_t)w->limit,
					  .unit = "s",
				  });
}

/* The last lines of the console, for the error message. */
static char *console_tail(const struct wait *w)
{
	char *text = NULL;

	if (w->vim->ops->console(w->vim, w->server->name, &text, NULL) < 0)
		return xstrdup("");
	char *tail = text + strlen(text);
	for (int lines = 0; tail > text; tail--)
		if (tail[-1] == '\n' && tail[0] && ++lines == CONSOLE_LINES)
			break;
	char *ret = *tail ? xasprintf("; its console ended with:\n%s", tail) : xstrdup("");
	free(text);
	return ret;
}

/* After a query of the server: pauses and returns 0, or returns the reason to stop. */
static int pause_after(const struct wait *w, const struct vim_server_info *info, const char *type,
		       const char *waiting_for, struct err *err)
{
	if (run_interrupted(w->vim->run))
		return err_set(err, INTERRUPTED, "interrupted while waiting for %s", waiting_for);
	if (info->state == VIM_STATE_ERROR || info->state == VIM_STATE_DOWN ||
	    info->state == VIM_STATE_DELETING)
		return err_set_kind(
			err, info->fault_class != VIM_FAULT_OTHER ? ERR_NO_CAPACITY : ERR_FAILED, 0,
			"server \"%s\" is %s while waiting for %s: %s", w->server->name,
			info->status ? info->status : "missing", waiting_for,
			info->fault ? info->fault : "no reason given");
	if (clock_now() - w->start > w->limit * US_PER_S) {
		cleanup_free char *tail = console_tail(w);
		return err_code(err, FAILED, ETIMEDOUT,
				"server \"%s\": timed out waiting for %s (%lld s%s)%s",
				w->server->name, waiting_for, (long long)w->limit,
				w->server->group->bootup_time < 0 ? "" : " (bootup_time)", tail);
	}
	report(w, type, EVENT_PROGRESS, waiting_for);
	clock_sleep(ROUND_MS * US_PER_MS);
	return 0;
}

static int pause_round(const struct wait *w, const char *type, const char *waiting_for,
		       struct err *err)
{
	cleanup_server_info struct vim_server_info info = {0};
	int r = run_interrupted(w->vim->run)
			? 0
			: w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_STATE, &info, err);

	return r < 0 ? err_wrap(err, "server %s", w->server->name)
		     : pause_after(w, &info, type, waiting_for, err);
}

static int wait_active(const struct wait *w, struct err *err)
{
	report(w, "VM_DEPLOYED", EVENT_STARTED, NULL);
	for (;;) {
		cleanup_server_info struct vim_server_info info = {0};
		int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_STATE, &info, err);
		if (r < 0)
			return err_wrap(err, "server %s", w->server->name);
		if (info.state == VIM_STATE_ACTIVE) {
			report(w, "VM_DEPLOYED", EVENT_SUCCESS, info.hypervisor);
			return 0;
		}
		r = pause_after(w, &info, "VM_DEPLOYED", "the server to be ACTIVE", err);
		if (r < 0)
			return r;
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
		r = pause_after(w, &info, "VM_DEPLOYED", what, err);
		if (r < 0)
			return r;
	}
}

/* Names what keeps packets out, once, when it has been silent for a while. */
static void note_barrier(const struct wait *w, const char *type, const char *address,
			 const char *protocol, unsigned port, int64_t since, bool *asked)
{
	if (*asked || clock_ms_since(since) < SILENT_MS)
		return;
	*asked = true;
	cleanup_free char *why = reach_barrier(w->vim, &w->seen, address, protocol, port);
	if (why)
		event_note(w->vim->run, type, "%s does not answer yet: %s", address, why);
}

/*
 * 1: look again; 0: bootup_time is over, and it is not known whether the address can be reached
 * from here: a note, not a failure; or -errno.
 */
static int pause_unsure(const struct wait *w, enum vim_reach reach, const char *type,
			const char *waiting_for, struct err *err)
{
	cleanup_err struct err late = ERR_INIT;
	int r = pause_round(w, type, waiting_for, &late);

	if (r == -ETIMEDOUT && reach == VIM_REACH_MAYBE) {
		event_note(w->vim->run, type,
			   "no %s in %lld s: unknown, since there may be no route to it from here",
			   waiting_for, (long long)w->limit);
		return 0;
	}
	return r < 0 ? err_copy(err, &late) : 1;
}

static int wait_alive(const struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);
	cleanup_free char *why = NULL;
	enum vim_reach reach = VIM_REACH_NO;

	if (!address)
		why = xstrdup("the descriptor has no management address for it");
	else
		reach = reach_now(w, address, &why);
	if (why) {
		event_note(w->vim->run, "VM_ALIVE", "%s cannot be reached from here: %s",
			   w->server->name, why);
		return 0;
	}
	cleanup_free char *what = xasprintf("echo replies from %s", address);
	report(w, "VM_ALIVE", EVENT_STARTED, what);
	bool asked = false;
	for (int64_t since = clock_now(); guest_ping(w->vim, address, ROUND_MS, NULL, NULL) < 0;) {
		note_barrier(w, "VM_ALIVE", address, "icmp", 0, since, &asked);
		int r = pause_unsure(w, reach, "VM_ALIVE", what, err);
		if (r <= 0)
			return r;
	}
	report(w, "VM_ALIVE", EVENT_SUCCESS, what);
	return 0;
}

static bool dns_answers(const struct wait *w, const char *address, const char *name)
{
	cleanup_dns_answer struct dns_answer answer = {0};
	bool any_will_do = streq(name, ".");

	return dns_query(w->vim, address, DNS_PORT, false, name, any_will_do ? "SOA" : "A",
			 ROUND_MS, &answer, NULL) == 0 &&
	       (any_will_do || answer.rcode == 0);
}

/*
 * Waits until the address answers. *ret_answers is false if it is not reachable from here: a note,
 * not a failure.
 */
static int wait_dns_on(const struct wait *w, const char *address, const char *what,
		       bool *ret_answers, struct err *err)
{
	const char *name = service_query_name(w->plan->deployment, w->server->group);
	cleanup_free char *why = NULL;
	enum vim_reach reach = reach_now(w, address, &why);
	int64_t since = clock_now();
	bool asked = false;

	*ret_answers = false;
	if (reach == VIM_REACH_NO) {
		event_note(w->vim->run, "SERVICE_ALIVE", "%s cannot be reached from here: %s", what,
			   why);
		return 0;
	}
	report(w, "SERVICE_ALIVE", EVENT_STARTED, what);
	while (!dns_answers(w, address, name)) {
		note_barrier(w, "SERVICE_ALIVE", address, "udp", DNS_PORT, since, &asked);
		if (reach == VIM_REACH_MAYBE && clock_ms_since(since) > UNSURE_MS) {
			event_note(w->vim->run, "SERVICE_ALIVE",
				   "%s did not answer in %d s, perhaps because there is no route "
				   "to it from here: not waiting any longer",
				   what, UNSURE_MS / 1000);
			return 0;
		}
		int r = pause_unsure(w, reach, "SERVICE_ALIVE", what, err);
		if (r <= 0)
			return r;
	}
	*ret_answers = true;
	return 0;
}

/* Waits until every reachable address answers; *ret_where lists them, NULL: none. */
static int wait_dns(const struct wait *w, const struct strv *addresses, char **ret_where,
		    struct err *err)
{
	const struct bond *bond = service_bond(w->server->group);
	cleanup_strbuf struct strbuf where = {0};

	for (size_t i = 0; i < addresses->n; i++) {
		cleanup_free char *what = xasprintf("DNS on %s%s%s", bond ? bond->name : "",
						    bond ? " " : "", addresses->v[i]);
		bool answers;
		int r = wait_dns_on(w, addresses->v[i], what, &answers, err);
		if (r < 0)
			return r;
		if (answers)
			strbuf_addf(&where, "%s%s", where.len ? ", " : "", what);
	}
	*ret_where = where.len ? strbuf_steal(&where) : NULL;
	return 0;
}

/* 1: look again; 0: timed out, which verify reports; or -errno. told: it says that it runs. */
static int pause_day0(const struct wait *w, bool told, struct err *err)
{
	cleanup_err struct err late = ERR_INIT;
	int r = pause_round(w, "DAY0_DONE", "cloud-init to finish", &late);

	if (r == -ETIMEDOUT) {
		event_note(w->vim->run, "DAY0_DONE",
			   told ? "cloud-init is still running"
				: "unknown: the guest does not tell of cloud-init");
		return 0;
	}
	return r < 0 ? err_copy(err, &late) : 1;
}

/*
 * As wait_day0, for a guest that cannot be asked: by cloud-init's lines on the console, if there
 * are any, and as long as something is written there.
 */
static int wait_console(const struct wait *w, struct err *err)
{
	cleanup_free char *last = NULL;
	int r = 1;

	for (int64_t since = clock_now(); r > 0;) {
		cleanup_free char *text = NULL;
		if (w->vim->ops->console(w->vim, w->server->name, &text, NULL) < 0)
			return 0;
		enum tristate done = guest_console_day0(text);
		if (done == TRI_YES)
			report(w, "DAY0_DONE", EVENT_SUCCESS, "cloud-init is done, by the console");
		if (done != TRI_NO)
			return 0;
		if (!last || !streq(last, text))
			since = clock_now();
		else if (clock_ms_since(since) > STATUS_GRACE_MS) {
			event_note(w->vim->run, "DAY0_DONE",
				   "cloud-init is still running, by the console, on which nothing "
				   "was written for %d s: not waiting any longer",
				   STATUS_GRACE_MS / 1000);
			return 0;
		}
		free(last);
		last = steal_ptr(text);
		r = pause_day0(w, true, err);
	}
	return r;
}

/* Day-0 may set the bond down and up while it runs. Does not wait for an unreachable guest. */
static int wait_day0(const struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);
	cleanup_free char *why = NULL;

	/* VM_ALIVE has already reported why it is unreachable. */
	if (!service_has_bondd(w->plan->deployment, w->server->group) || !address ||
	    reach_of(w->vim, &w->seen, address, &why) == VIM_REACH_NO)
		return wait_console(w, err);
	report(w, "DAY0_DONE", EVENT_STARTED, "cloud-init to finish");
	for (int64_t asked_since = clock_now();;) {
		cleanup_guest_status struct guest_status status = {0};
		cleanup_err struct err ask = ERR_INIT;
		bool told =
			guest_status(w->vim, address, GUEST_PORT, 2 * ROUND_MS, &status, &ask) == 0;
		const char *cloud_init = status.cloud_init.status;
		if (told && (!cloud_init || (!streq(cloud_init, "running") &&
					     !streq(cloud_init, "not started")))) {
			bool good = status.cloud_init.errors.n == 0;
			report(w, "DAY0_DONE", good ? EVENT_SUCCESS : EVENT_FAILURE,
			       !good        ? status.cloud_init.errors.v[0]
			       : cloud_init ? "cloud-init is done"
					    : "the guest has no cloud-init");
			return 0;
		}
		if (!told && clock_ms_since(asked_since) > STATUS_GRACE_MS) {
			event_note(w->vim->run, "DAY0_DONE",
				   "the guest's status service does not answer: %s", ask.text);
			return wait_console(w, err);
		}
		int r = pause_day0(w, told, err);
		if (r <= 0)
			return r;
	}
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
static int wait_essential(const struct wait *w, struct err *err)
{
	const struct plan *plan = w->plan;

	for (int64_t since = clock_now();;) {
		cleanup_verifications struct verifications v = {0};
		cleanup_server_info struct vim_server_info info = {0};
		cleanup_err struct err unseen = ERR_INIT;
		int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_ALL, &info, &unseen);
		if (r == -EINTR || r == -ENOENT)
			return err_pass(err, &unseen, "server %s", w->server->name);
		if (r < 0) {
			event_note(w->vim->run, "VERIFY", "%s is not verified: %s", w->server->name,
				   unseen.text);
			return 0;
		}
		verify_guest(w->vim, plan->model, plan->deployment, w->server->group,
			     w->server->index, &info, &v);
		const struct verification *failed = array_find(
			v.v, v.n,
			it->verdict == VERDICT_FAIL && verification_weight(it) == WEIGHT_ESSENTIAL);
		if (!failed) {
			note_others(w, &v);
			return 0;
		}
		if (clock_ms_since(since) > ESSENTIAL_MS)
			return err_set(err, FAILED, "server \"%s\" runs, but %s of %s failed: %s",
				       w->server->name, failed->check, failed->object,
				       failed->evidence);
		r = pause_after(w, &info, "SERVICE_ALIVE", failed->check, err);
		if (r < 0)
			return r;
	}
}

static int wait_service(const struct wait *w, struct err *err)
{
	cleanup_free char *where = NULL;
	cleanup_strv struct strv addresses = {0};

	service_addresses(w->server->group, w->server->index, &addresses);
	if (addresses.n == 0)
		event_note(
			w->vim->run, "SERVICE_ALIVE",
			"%s has no service address in its day-0 or descriptor: DNS is not checked",
			w->server->name);
	int r = wait_dns(w, &addresses, &where, err);
	if (r == 0 && where)
		event_note(w->vim->run, "DNS_ANSWERED", "first answers %.1f s after the start: %s",
			   clock_ms_since(w->start) / 1e3, where);
	if (r == 0)
		r = wait_day0(w, err);
	if (r == 0 && where) {
		free(steal_ptr(where));
		r = wait_dns(w, &addresses, &where, err);
	}
	if (r == 0)
		r = wait_essential(w, err);
	if (r == 0 && where)
		report(w, "SERVICE_ALIVE", EVENT_SUCCESS, where);
	return r;
}

/* Does DNS answer on every reachable address? One query each. */
static enum tristate serves_now(const struct wait *w)
{
	const char *name = service_query_name(w->plan->deployment, w->server->group);
	cleanup_strv struct strv addresses = {0};
	enum tristate serves = TRI_UNKNOWN;

	service_addresses(w->server->group, w->server->index, &addresses);
	for (size_t i = 0; i < addresses.n; i++) {
		cleanup_free char *why = NULL;
		enum vim_reach reach = reach_now(w, addresses.v[i], &why);
		if (reach == VIM_REACH_NO)
			continue;
		if (dns_answers(w, addresses.v[i], name))
			serves = TRI_YES;
		else if (reach == VIM_REACH_YES)
			return TRI_NO;
	}
	return serves;
}

/* Waits until it has answered for a while: the first answer may come from a guest about to
 * restart. */
static int wait_steady(struct wait *w, struct err *err)
{
	/* It serves; the time that day-0 took of bootup_time does not count here. */
	int64_t least = (clock_now() - w->start) / US_PER_S + STEADY_S;

	w->limit = w->limit < least ? least : w->limit;
	for (int64_t since = clock_now(); clock_ms_since(since) < STEADY_MS;) {
		if (serves_now(w) == TRI_NO)
			since = clock_now();
		int r = pause_round(w, "SERVICE_ALIVE", "DNS to answer for a while", err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* steady: also until its DNS has answered for a while. */
static int wait_server(struct wait *w, const struct step *server, bool steady, struct err *err)
{
	bool monitored = server->group->bootup_time >= 0;

	w->server = server;
	w->limit = monitored ? server->group->bootup_time : 300;
	int r = wait_active(w, err);
	if (r == 0)
		r = wait_ports(w, err);
	if (r == 0 && monitored)
		r = wait_alive(w, err);
	if (r == 0 && monitored)
		r = wait_service(w, err);
	return r == 0 && monitored && steady ? wait_steady(w, err) : r;
}

int alive_wait(struct vim *vim, const struct plan *plan, const bool *which, struct err *err)
{
	struct wait w = {.vim = vim, .plan = plan, .start = clock_now()};
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++) {
		const struct step *s = &plan->v[i];
		if (!which[i] || s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		/* Without bondd it is unknown when day-0, which may set the bond down, is done. */
		r = wait_server(&w, s, !service_has_bondd(plan->deployment, s->group), err);
		vim_server_info_clear(&w.seen);
	}
	return r;
}

int alive_wait_server(struct vim *vim, const struct plan *plan, const struct step *server,
		      bool served, struct err *err)
{
	struct wait w = {.vim = vim, .plan = plan, .start = clock_now(), .served = served};
	int r = wait_server(&w, server, true, err);

	vim_server_info_clear(&w.seen);
	return r;
}

enum tristate alive_serves(struct vim *vim, const struct plan *plan, const struct step *server)
{
	struct wait w = {.vim = vim, .plan = plan, .server = server};
	enum tristate serves = TRI_NO;

	if (vim->ops->server(vim, server->name, VIM_LOOK_ALL, &w.seen, NULL) == 0 &&
	    w.seen.state == VIM_STATE_ACTIVE) {
		serves = server->group->bootup_time < 0 ? TRI_UNKNOWN : serves_now(&w);
		if (serves == TRI_NO) /* one packet may have been lost */
			serves = serves_now(&w);
	}
	vim_server_info_clear(&w.seen);
	return serves;
}
