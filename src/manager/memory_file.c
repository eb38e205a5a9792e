// SPDX-License-Identifier: Apache-2.0
/* What is remembered of the VMs of a deployment, in a file: plain numbers, ms of CLOCK_BOOTTIME. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_field.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/manager.h"

enum { FILE_MAX = 4 << 20 };

#define TIME_MAX (INT64_C(1) << 53) /* ms */

/* Between the state and what was tried. */
#define MEMORY(TYPE, MEMBER, ...) JSON_FIELD(vm_memory, TYPE, MEMBER, __VA_ARGS__)
#define TIME(MEMBER)              MEMORY(INT64, MEMBER, .min = MANAGER_NEVER, .max = TIME_MAX)
JSON_FIELDS(memory_fields, TIME(since), TIME(bad_since), TIME(booting_from), MEMORY(BOOL, rebooted),
	    MEMORY(UINT, act, .max = ACTS - 1), TIME(claimed), MEMORY(BOOL, testimony));

static char *folder_of(const struct managed *d)
{
	return xasprintf("%s/memory/%s", d->manager->conf.store, d->watch.tenant);
}

static void put_request(struct json_writer *w, const struct vm_request *q)
{
	if (!q->heal)
		return;
	json_open_object(w, "request");
	json_put_int64(w, "at", q->at);
	json_put_bool(w, "force", q->force);
	json_put_bool(w, "discard_state", q->discard_state);
	json_close(w);
}

static void put_memory(struct json_writer *w, const struct vm_memory *m, const struct vm_request *q,
		       const char *name)
{
	json_open_object(w, NULL);
	json_put_text(w, "vm", name);
	json_put_text(w, "state", vm_state_name(m->state));
	json_put_int64(w, "hold", m->hold);
	json_put_fields(w, memory_fields, m);
	json_open_array(w, "tried");
	for (size_t i = 0; i < ACTS; i++)
		json_put_int64(w, NULL, m->tried[i]);
	json_close(w);
	json_open_array(w, "episodes");
	for (size_t i = 0; i < DECIDE_EPISODES; i++)
		json_put_int64(w, NULL, m->episodes[i]);
	json_close(w);
	put_request(w, q);
	json_close(w);
}

int memories_save(const struct managed *d, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_free char *folder = folder_of(d);
	cleanup_free char *path = xasprintf("%s/%s.json", folder, d->watch.deployment);

	json_open_object(&w, NULL);
	json_put_text(&w, "boot", d->manager->boot_id);
	json_put_int64(&w, "now", manager_now());
	json_put_int64(&w, "time", time(NULL));
	json_put_bool(&w, "deploy", d->task == TASK_DEPLOY);
	json_open_array(&w, "vms");
	for (size_t i = 0; i < d->watch.n_vms; i++) {
		const struct fleet_vm *vm = &d->manager->fleet.vms[d->first + i];
		put_memory(&w, i == d->acting ? &d->claim : &vm->memory, &vm->request,
			   d->watch.vms[i].name);
	}
	json_close(&w);
	json_close(&w);
	cleanup_free char *text = json_write_text(&w, JSON_COMPACT, err);
	int r = text ? dir_make(folder, err) : -EIO;
	return r < 0 ? r : file_write_at(AT_FDCWD, path, text, strlen(text), 0640, err);
}

static enum vm_state parse_state(const char *name)
{
	for (int i = VM_UNWATCHED; i <= VM_FAILED; i++)
		if (streq(name, vm_state_name((enum vm_state)i)))
			return (enum vm_state)i;
	return VM_UNKNOWN;
}

static void get_request(struct json_reader *r, struct vm_request *q)
{
	struct json_reader one = json_member(r, "request");

	if (!json_has(r, "request"))
		return;
	json_get_int64(&one, "at", -TIME_MAX, TIME_MAX, &q->at);
	q->heal = true;
	json_get_bool(&one, "force", &q->force);
	json_get_bool(&one, "discard_state", &q->discard_state);
}

/* Each time is MANAGER_NEVER or so near that it may be shifted. */
static bool can_be_shifted(const struct vm_memory *m)
{
	const int64_t times[] = {m->since, m->bad_since, m->booting_from, m->claimed};

	return !array_find(times, ARRAY_SIZE(times), *it != MANAGER_NEVER && *it < -TIME_MAX) &&
	       !array_find(m->episodes, DECIDE_EPISODES, *it != MANAGER_NEVER && *it < -TIME_MAX);
}

static void get_memory(struct json_reader *r, struct vm_memory *m, char **name)
{
	cleanup_free char *state = NULL;
	size_t i = 0, k = 0;

	json_get_name(r, "vm", name);
	json_get_name(r, "state", &state);
	m->state = parse_state(state);
	if (m->state == VM_HELD) /* the reason is found anew */
		m->state = VM_WAITING;
	json_get_fields(r, memory_fields, m);
	json_each (r, "tried", ACTS, one) {
		int tried = 0;
		json_get_int(&one, NULL, 0, INT_MAX, &tried);
		m->tried[i++] = (unsigned)tried;
	}
	json_each (r, "episodes", DECIDE_EPISODES, one)
		json_get_int64(&one, NULL, MANAGER_NEVER, TIME_MAX, &m->episodes[k++]);
	if (!can_be_shifted(m))
		json_fail(r, NULL, "has a time before %lld", (long long)-TIME_MAX);
}

/* From the clock at the time of writing to that of now. */
static int64_t shift_of(const struct managed *d, const char *boot, int64_t then, int64_t time_then,
			int64_t now)
{
	int64_t passed = 1000 * ((int64_t)time(NULL) - time_then);

	if (streq(boot, d->manager->boot_id))
		return 0;
	return now - (passed > 0 ? passed : 0) - then;
}

static int read_memories(struct managed *d, const char *path, int64_t now, struct err *err)
{
	cleanup_free char *data = NULL, *boot = NULL;
	cleanup_json json_t *document = NULL;
	int64_t then = 0, time_then = 0;
	bool deploy = false;
	size_t len;
	int r = file_read(path, FILE_MAX, &data, &len, err);

	if (r == 0)
		r = json_parse_document(data, len, path, &document, err);
	if (r < 0)
		return r;
	struct json_reader reader = json_reader(document, err);
	json_get_name(&reader, "boot", &boot);
	json_get_int64(&reader, "now", 0, TIME_MAX, &then);
	json_get_int64(&reader, "time", 0, TIME_MAX / 1000, &time_then);
	json_get_bool(&reader, "deploy", &deploy);
	if (deploy)
		work_want(d, TASK_DEPLOY, now);
	int64_t shift = shift_of(d, boot, then, time_then, now);
	json_each (&reader, "vms", WATCH_VMS, one) {
		cleanup_free char *name = NULL;
		struct vm_request request = {.at = now};
		struct vm_memory m;
		vm_memory_init(&m, now);
		get_memory(&one, &m, &name);
		get_request(&one, &request);
		vm_memory_shift(&m, shift);
		if (request.heal)
			request.at += shift;
		for (size_t i = 0; i < d->watch.n_vms && json_end(&reader) == 0; i++)
			if (streq(d->watch.vms[i].name, name)) {
				struct fleet_vm *vm = &d->manager->fleet.vms[d->first + i];
				vm->memory = m;
				vm->request = request;
			}
	}
	return json_end(&reader);
}

void memories_remove(const struct managed *d)
{
	cleanup_free char *folder = folder_of(d);
	cleanup_free char *path = xasprintf("%s/%s.json", folder, d->watch.deployment);

	(void)unlink(path); /* without its deployment it says nothing */
}

int memories_load(struct managed *d, int64_t now, struct err *err)
{
	cleanup_free char *folder = folder_of(d);
	cleanup_free char *path = xasprintf("%s/%s.json", folder, d->watch.deployment);

	return read_memories(d, path, now, err);
}
