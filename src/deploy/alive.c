// SPDX-License-Identifier: Apache-2.0
#include "deploy/alive.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "deploy/dns.h"
#include "deploy/guest.h"
#include "deploy/plan.h"
#include "deploy/service.h"

#define ROUND_MS        500   /* a boot changes no faster than this */
#define STATUS_GRACE_MS 60000 /* for bondd to start after the first DNS answer */
#define CONSOLE_LINES   12    /* shown when nothing came */

/* Waiting for one server. */
struct wait {
	struct vim *vim;
	const struct events *events;
	const struct plan *plan;
	const struct step *server;
	int64_t start, limit; /* ms of the monotonic clock; s from start */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void report(const struct wait *w, const char *type, enum event_status status,
		   const char *details)
{
	event_report(w->events, &(struct event){
					.type = type,
					.status = status,
					.tenant = w->vim->tenant,
					.deployment = w->vim->deployment,
					.vm_group = w->server->group->name,
					.object = w->server->name,
					.details = details,
					.done = (uint64_t)(now_ms() - w->start) / 1000,
					.total = (uint64_t)w->limit,
					.unit = "s",
				});
}

/* The last lines of the console, as evidence below an error. */
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

/* Between two looks: 0, or the reason to stop. */
static int pause_round(const struct wait *w, const char *type, const char *waiting_for,
		       struct err *err)
{
	cleanup_server_info struct vim_server_info info = {0};

	if (interrupted)
		return err_set(err, EINTR, "interrupted while waiting for %s", waiting_for);
	int r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_STATE, &info, err);
	if (r < 0)
		return err_wrap(err, "server %s", w->server->name);
	if (info.state == VIM_STATE_ERROR || info.state == VIM_STATE_DOWN)
		return err_set(err, EIO,
			       "server %s is %s while waiting for %s: %s; 'dnsvnf undeploy', then "
			       "deploy again",
			       w->server->name, info.status ? info.status : "gone", waiting_for,
			       info.fault ? info.fault : "no reason given");
	if (now_ms() - w->start > w->limit * 1000) {
		cleanup_free char *tail = console_tail(w);
		return err_set(err, ETIMEDOUT, "server %s: %s did not come within %lld s%s%s",
			       w->server->name, waiting_for, (long long)w->limit,
			       w->server->group->bootup_time < 0 ? "" : " (bootup_time)", tail);
	}
	report(w, type, EVENT_PROGRESS, waiting_for);
	poll(NULL, 0, ROUND_MS);
	return 0;
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
		r = pause_round(w, "VM_DEPLOYED", "the server to be ACTIVE", err);
		if (r < 0)
			return r;
	}
}

static int wait_alive(const struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);

	if (!address) {
		event_note(w->events, "VM_ALIVE",
			   "%s has no management address in the descriptor: not asked for an echo",
			   w->server->name);
		return 0;
	}
	cleanup_free char *what = xasprintf("an echo from %s", address);
	report(w, "VM_ALIVE", EVENT_STARTED, what);
	while (guest_ping(w->vim, address, ROUND_MS, NULL, NULL) < 0) {
		int r = pause_round(w, "VM_ALIVE", what, err);
		if (r < 0)
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

/* Until every address answers; *ret_where (may be NULL) names them. */
static int wait_dns(const struct wait *w, char **addresses, size_t n, char **ret_where,
		    struct err *err)
{
	const struct bond *bond = service_bond(w->server->group);
	const char *name = service_query_name(w->plan->deployment, w->server->group);
	cleanup_strbuf struct strbuf where = {0};

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *what = xasprintf("DNS on %s%s%s", bond ? bond->name : "",
						    bond ? " " : "", addresses[i]);
		report(w, "SERVICE_ALIVE", EVENT_STARTED, what);
		while (!dns_answers(w, addresses[i], name)) {
			int r = pause_round(w, "SERVICE_ALIVE", what, err);
			if (r < 0)
				return r;
		}
		strbuf_addf(&where, "%s%s", i ? ", " : "", what);
	}
	if (ret_where)
		*ret_where = strbuf_steal(&where);
	return 0;
}

/* Day-0 may take the bond down and up again while it runs; a guest that cannot be asked is not
 * waited for. */
static int wait_day0(const struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);

	if (!address)
		return 0;
	report(w, "DAY0_DONE", EVENT_STARTED, "cloud-init to finish");
	for (int64_t asked_since = now_ms();;) {
		cleanup_guest_status struct guest_status status = {0};
		cleanup_err struct err ask = ERR_INIT;
		bool told =
			guest_status(w->vim, address, GUEST_PORT, 2 * ROUND_MS, &status, &ask) == 0;
		const char *cloud_init = status.cloud_init.status;
		if (told && (!cloud_init || (!streq(cloud_init, "running") &&
					     !streq(cloud_init, "not started")))) {
			bool good = status.cloud_init.n_errors == 0;
			report(w, "DAY0_DONE", good ? EVENT_SUCCESS : EVENT_FAILURE,
			       !good        ? status.cloud_init.errors[0]
			       : cloud_init ? "cloud-init is done"
					    : "the guest has no cloud-init");
			return 0;
		}
		if (!told && now_ms() - asked_since > STATUS_GRACE_MS) {
			event_note(w->events, "DAY0_DONE",
				   "not waited for: the guest's status service does not answer: %s",
				   ask.text);
			return 0;
		}
		cleanup_err struct err late = ERR_INIT;
		int r = pause_round(w, "DAY0_DONE", "cloud-init to finish", &late);
		if (r == -ETIMEDOUT) {
			/* The service answers: that it is not finished is verify's to tell. */
			event_note(w->events, "DAY0_DONE", "cloud-init still runs");
			return 0;
		}
		if (r < 0)
			return err_set(err, r, "%s", late.text);
	}
}

static int wait_service(const struct wait *w, struct err *err)
{
	cleanup_free char *where = NULL;
	char **addresses;
	size_t n;

	service_addresses(w->server->group, w->server->index, &addresses, &n);
	if (n == 0)
		event_note(w->events, "SERVICE_ALIVE",
			   "%s has no service address in its day-0 or descriptor: DNS is not asked",
			   w->server->name);
	int r = wait_dns(w, addresses, n, &where, err);
	if (r == 0 && n > 0)
		event_note(w->events, "DNS_ANSWERED", "first answers %.1f s after the start: %s",
			   (double)(now_ms() - w->start) / 1000, where);
	if (r == 0)
		r = wait_day0(w, err);
	if (r == 0)
		r = wait_dns(w, addresses, n, NULL, err);
	service_addresses_free(addresses, n);
	if (r == 0 && n > 0)
		report(w, "SERVICE_ALIVE", EVENT_SUCCESS, where);
	return r;
}

int alive_wait(struct vim *vim, const struct plan *plan, const struct events *events,
	       struct err *err)
{
	struct wait w = {.vim = vim, .events = events, .plan = plan, .start = now_ms()};

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		bool monitored = s->group->bootup_time >= 0;
		w.server = s;
		w.limit = monitored ? s->group->bootup_time : 300;
		int r = wait_active(&w, err);
		if (r == 0 && monitored)
			r = wait_alive(&w, err);
		if (r == 0 && monitored)
			r = wait_service(&w, err);
		if (r < 0)
			return r;
	}
	return 0;
}
