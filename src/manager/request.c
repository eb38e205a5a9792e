// SPDX-License-Identifier: Apache-2.0
/* What a client of the control socket can ask for. */
#include <time.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/control.h"
#include "manager/manager.h"
#include "manager/registry.h"

static int get_managed(const struct manager *m, struct json_reader *r, struct managed **ret,
		       struct err *err)
{
	cleanup_free char *tenant = NULL, *deployment = NULL;

	json_must_have(r, "tenant");
	json_must_have(r, "deployment");
	json_get_string(r, "tenant", &tenant);
	json_get_string(r, "deployment", &deployment);
	if (json_end(r) < 0)
		return json_end(r);
	*ret = manager_find(m, tenant, deployment);
	return *ret ? 0
		    : err_set(err, NOT_FOUND,
			      "%s/%s is not managed: 'dnsvnf manage DEP.xml' accepts it", tenant,
			      deployment);
}

static int undeploy(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	struct managed *d = NULL;
	int result = request_check_store(m, err);

	if (result == 0)
		result = get_managed(m, r, &d, err);
	if (result == 0)
		result = registry_mark_gone(m->registry, d->watch.tenant, d->watch.deployment, err);
	if (result < 0)
		return result;
	note(m,
	     &(struct note){.type = "UNDEPLOY_ACCEPTED", .status = "SUCCESS", .of = d, .by = c->by},
	     "it is tried until nothing is left");
	work_want(d, TASK_UNDEPLOY, manager_now());
	result = request_acknowledge(c, NULL, 0, err);
	return result < 0 ? err_wrap(err, "the undeploy is stored, but not its event") : 0;
}

static int rollback(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	struct managed *d = NULL;
	int to = 0, number = 0, result = request_check_store(m, err);

	json_must_have(r, "generation");
	json_get_int(r, "generation", 1, REGISTRY_GENERATION_MAX, &to);
	if (result == 0)
		result = get_managed(m, r, &d, err);
	if (result == 0)
		result = registry_rollback(m->registry, d->watch.tenant, d->watch.deployment, to,
					   &number, err);
	if (result != 0)
		return result;
	cleanup_free char *tenant = xstrdup(d->watch.tenant);
	cleanup_free char *deployment = xstrdup(d->watch.deployment);
	result = manager_load(m, tenant, deployment, number, err);
	if (result < 0)
		return result;
	return request_accepted(c, manager_find(m, tenant, deployment), to, true, err);
}

/* The paths of the generations, which root reads itself. */
static int generations(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	int numbers[REGISTRY_GENERATIONS];
	struct managed *d = NULL;
	size_t n = 0;
	int result = get_managed(m, r, &d, err);

	if (result == 0)
		result = registry_generations(m->registry, d->watch.tenant, d->watch.deployment,
					      numbers, &n, err);
	if (result < 0)
		return result;
	json_open_object(&w, NULL);
	json_open_array(&w, "generations");
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = registry_path(m->registry, d->watch.tenant,
							d->watch.deployment, numbers[i], "");
		json_open_object(&w, NULL);
		json_put_int64(&w, "generation", numbers[i]);
		json_put_text(&w, "path", path);
		json_close(&w);
	}
	json_close(&w);
	return request_reply(c, &w, err);
}

static int get_scope(struct json_reader *r, enum hold_scope *ret_scope, char **ret_name,
		     struct err *err)
{
	cleanup_free char *scope = NULL;

	json_must_have(r, "scope");
	json_must_have(r, "name");
	json_get_name(r, "scope", &scope);
	json_get_name(r, "name", ret_name);
	if (json_end(r) < 0)
		return json_end(r);
	*ret_scope = hold_scope_parse(scope);
	return *ret_scope == HOLD_SCOPES
		       ? err_set(err, INVALID,
				 "'%s' must be vm, deployment, network, host or cloud", scope)
		       : 0;
}

/* What hold and release change, to be put back if it cannot be stored. */
struct before {
	struct holds holds;
	uint64_t events;
};

static struct before remember(const struct manager *m)
{
	struct before b = {.events = events_mark(m->events)};

	holds_copy(&m->holds, &b.holds);
	return b;
}

/* Acknowledges the change if result is 0 and it is stored, with its event; else it is undone. */
static int end_change(struct client *c, struct before *b, const char *key, int64_t value,
		      int result, struct err *err)
{
	struct manager *m = c->manager;
	bool kept = result == 0 && manager_keep(m);

	if (kept || (result == 0 && !m->holds.unsaved && events_next(m->events) > b->events)) {
		holds_close(&b->holds);
		return request_reply_number(c, key, value, err);
	}
	if (result == 0)
		result = request_refuse(m, err);
	events_revoke(m->events, b->events);
	holds_restore(&m->holds, &b->holds);
	return result;
}

static int hold(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	struct operator_hold h = {.by = c->by};
	int minutes = 120, result = get_scope(r, &h.scope, &h.name, err);
	cleanup_free char *why = NULL;

	json_must_have(r, "why");
	json_get_string(r, "why", &why);
	json_get_int(r, "minutes", 1, HOLD_MINUTES_MAX, &minutes);
	cleanup_free char *name = h.name;
	h.why = why;
	h.until = time(NULL) + minutes * INT64_C(60);
	if (result == 0)
		result = json_end(r);
	if (result == 0)
		result = request_check_store(m, err);
	if (result < 0)
		return result;
	struct before before = remember(m);
	result = holds_set(&m->holds, &h, err);
	if (result == 0)
		note(m,
		     &(struct note){
			     .type = "HOLD_SET", .status = "SUCCESS", .object = name, .by = c->by},
		     "%s %s for %d min: %s", hold_scope_name(h.scope), name, minutes, why);
	return end_change(c, &before, "until", h.until, result, err);
}

/* The number of the domain whose breaker is tripped; UINT32_MAX: none. */
static uint32_t find_tripped(const struct fleet *f, enum hold_scope scope, const char *name)
{
	static const enum domain_kind kinds[HOLD_SCOPES] = {
		[HOLD_SCOPE_VM] = DOMAIN_KINDS,        [HOLD_SCOPE_DEPLOYMENT] = DOMAIN_DEPLOYMENT,
		[HOLD_SCOPE_NETWORK] = DOMAIN_NETWORK, [HOLD_SCOPE_HOST] = DOMAIN_HOST,
		[HOLD_SCOPE_CLOUD] = DOMAIN_CLOUD,
	};

	for (uint32_t i = 0; i < f->n_domains; i++)
		if (f->domains[i].kind == kinds[scope] && f->domains[i].tripped &&
		    streq(f->domains[i].name, name))
			return i;
	return UINT32_MAX;
}

/* Also mends a breaker that is tripped. */
static int release(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_free char *name = NULL;
	enum hold_scope scope = HOLD_SCOPES;
	int result = get_scope(r, &scope, &name, err);

	if (result == 0)
		result = request_check_store(m, err);
	if (result < 0)
		return result;
	uint32_t tripped = find_tripped(&m->fleet, scope, name);
	struct before before = remember(m);
	cleanup_err struct err missing = ERR_INIT;
	if (holds_release(&m->holds, scope, name, &missing) < 0 && tripped == UINT32_MAX)
		result = err_copy(err, &missing);
	if (result == 0)
		note(m,
		     &(struct note){.type = "HOLD_RELEASED",
				    .status = "SUCCESS",
				    .object = name,
				    .by = c->by},
		     "%s %s", hold_scope_name(scope), name);
	result = end_change(c, &before, NULL, 0, result, err);
	if (result == 0 && tripped != UINT32_MAX)
		fleet_release(&m->fleet, tripped);
	return result;
}

static int heal(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_free char *name = NULL;
	bool force = false, discard = false;
	int result = request_check_store(m, err);

	json_must_have(r, "vm");
	json_get_name(r, "vm", &name);
	json_get_bool(r, "force", &force);
	json_get_bool(r, "discard_state", &discard);
	if (result == 0)
		result = json_end(r);
	if (result < 0)
		return result;
	size_t i = manager_find_vm(m, name);
	if (i == SIZE_MAX)
		return err_set(err, NOT_FOUND, "no VM '%s' is managed: see 'dnsvnf status --watch'",
			       name);
	struct vm_request before = m->fleet.vms[i].request;
	uint64_t mark = events_mark(m->events);
	m->fleet.vms[i].request = (struct vm_request){
		.heal = true, .force = force, .discard_state = discard, .at = manager_now()};
	m->vms[i].of->unsaved = true;
	note(m,
	     &(struct note){
		     .type = "HEAL_REQUESTED", .status = "SUCCESS", .vm = &m->vms[i], .by = c->by},
	     "%s", force ? "even if it answers" : "");
	result = request_acknowledge(c, NULL, 0, err);
	if (result < 0) {
		m->fleet.vms[i].request = before;
		events_revoke(m->events, mark);
		if (events_next(m->events) > mark)
			note(m,
			     &(struct note){
				     .type = "HEAL_REFUSED", .status = "FAILURE", .vm = &m->vms[i]},
			     "the request could not be stored");
	}
	return result;
}

static int send_events(struct client *c, struct json_reader *r, struct err *err)
{
	cleanup_free char *time_text = NULL;
	int64_t since = -1;

	json_get_int64(r, "since", 0, INT64_MAX, &since);
	json_get_name(r, "since_time", &time_text);
	json_get_bool(r, "follow", &c->follow);
	int result = json_end(r);
	events_cursor_clear(&c->cursor);
	c->cursor.seq = since >= 0 ? (uint64_t)since : events_first(c->manager->events);
	if (result == 0 && time_text)
		result = events_seek(c->manager->events, time_text, &c->cursor.seq, err);
	if (result == 0)
		c->sends = CLIENT_EVENTS;
	return result;
}

static int send_status(struct client *c, struct json_reader *r, struct err *err)
{
	(void)r;
	(void)err;
	c->next = 0;
	c->sends = CLIENT_STATUS;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct client *c, struct json_reader *r, struct err *err);
} requests[] = {
	{"undeploy", undeploy},  {"rollback", rollback},  {"generations", generations},
	{"hold", hold},          {"release", release},    {"heal", heal},
	{"events", send_events}, {"status", send_status},
};

void request_take(struct client *c, const char *text, size_t len, const int *fds, size_t n_fds)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_json json_t *document = NULL;
	cleanup_free char *name = NULL;
	int r = json_parse_document(text, len, "request", &document, &err);
	struct json_reader reader = json_reader(document, &err);

	c->follow = false;
	if (r == 0) {
		json_must_have(&reader, "do");
		json_get_name(&reader, "do", &name);
		r = json_end(&reader);
	}
	if (r == 0) {
		r = err_set(NULL, INVALID, "unknown");
		for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
			if (streq(requests[i].name, name))
				r = requests[i].run(c, &reader, &err);
		if (streq(name, "accept"))
			r = request_accept(c, &reader, fds, n_fds, &err);
		if (r < 0 && !err.text)
			err_set(&err, INVALID, "unknown request '%s'", name);
	}
	if (r < 0)
		request_reply_failed(c, &err);
}
