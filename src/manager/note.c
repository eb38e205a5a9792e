// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "manager/events.h"
#include "manager/explain.h"
#include "manager/manager.h"

enum { STALE_MS = 20 }; /* in each call */

static const char *text_of(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

void note(struct manager *m, const struct note *n, const char *fmt, ...)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_json json_t *members = NULL;
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *details = xvasprintf(fmt, ap);
	va_end(ap);
	const struct managed *of = n->vm ? n->vm->of : n->of;
	json_open_object(&w, NULL);
	json_put_text(&w, "type", n->type);
	json_put_text(&w, "status", n->status);
	if (of) {
		json_put_text(&w, "tenant", of->watch.tenant);
		json_put_text(&w, "deployment", of->watch.deployment);
	}
	if (n->vm) {
		json_put_text(&w, "vm_group", n->vm->watch->group);
		json_put_text(&w, "vm", n->vm->watch->name);
		json_put_text_opt(&w, "vm_id", n->vm->id);
	} else {
		json_put_text_opt(&w, "vm_group", text_of(n->vim_event, "vm_group"));
	}
	json_put_text_opt(&w, "object", n->object ? n->object : text_of(n->vim_event, "object"));
	json_put_text_opt(&w, "state", n->state);
	json_put_text_opt(&w, "hold", n->hold);
	json_put_text_opt(&w, "by", n->by);
	json_put_text_opt(&w, "details", details[0] ? details : NULL);
	json_close(&w);
	/* Many at once, as when a site loses its power. */
	if (events_mark(m->events) - events_next(m->events) >= EVENTS_PENDING && !m->keep_error)
		(void)manager_keep(m);
	if (json_write_json(&w, &members, NULL) == 0)
		events_add(m->events, members);
}

void note_state(struct manager *m, size_t vm, const char *type, int64_t now)
{
	const struct fleet_vm *f = &m->fleet.vms[vm];
	char why[1024] = "";

	vm_explain(&m->fleet, (uint32_t)vm, m->vms[vm].watch->name, now, why, sizeof(why));
	note(m,
	     &(struct note){.type = type,
			    .status = f->memory.state == VM_FAILED ? "FAILURE" : "SUCCESS",
			    .vm = &m->vms[vm],
			    .state = vm_state_name(f->memory.state),
			    .hold = f->memory.state == VM_HELD ? hold_name(f->memory.hold) : NULL},
	     "%s", why);
}

static int save(struct managed *d, struct err *err)
{
	int r = memories_save(d, err);

	if (r == 0)
		d->unsaved = d->stale = false;
	return r;
}

static int save_memories(struct manager *m, struct err *err)
{
	for (size_t i = 0; i < m->n_deployments; i++) {
		struct managed *d = m->deployments[i];
		int r = d->unsaved ? save(d, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

void manager_keep_stale(struct manager *m, bool all)
{
	int64_t until = clock_now() + STALE_MS * US_PER_MS;

	for (size_t i = 0; i < m->n_deployments && (all || clock_now() < until); i++) {
		struct managed *d = m->deployments[m->next_stale++ % m->n_deployments];
		/* What fails here is reported when it must be stored. */
		if (d->stale && save(d, NULL) < 0)
			return;
	}
}

bool manager_keep(struct manager *m)
{
	cleanup_err struct err err = ERR_INIT;
	uint64_t before = events_next(m->events);
	int r = holds_save(&m->holds, &err);

	/* Events are written all the same, if they can be. */
	if (r < 0)
		(void)events_sync(m->events, NULL);
	else
		r = events_sync(m->events, &err);
	if (r == 0)
		r = save_memories(m, &err);
	if (r < 0 && !m->keep_error) {
		m->keep_error = xstrdup(err.text);
		fprintf(stderr,
			"<3>dnsvnfd: %s: watching goes on, but nothing is healed or deployed until "
			"it can be written\n",
			err.text);
	}
	if (r == 0 && m->keep_error) {
		free(steal_ptr(m->keep_error));
		fprintf(stderr, "<5>dnsvnfd: events and memories are kept again\n");
	}
	if (events_next(m->events) != before && m->on_events)
		m->on_events(m);
	return r == 0;
}
