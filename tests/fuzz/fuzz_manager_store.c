// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a file of dnsvnfd's own store, which a broken disk may have changed. Of the first
 * byte: which file.
 */
#include <fcntl.h>
#include <stdint.h>

#include "base/json_read.h"
#include "manager/holds.h"
#include "manager_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_file(const char *folder, const char *name, const uint8_t *data, size_t size)
{
	cleanup_err struct err err = ERR_INIT;
	char *path = xasprintf("%s/%s/%s", fixture_folder, folder, name);
	cleanup_free char *whole = xasprintf("%s/%s", fixture_folder, folder);

	fixture_must(dir_make(whole, &err), &err);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, data, size) < 0)
		abort();
	close(fd);
	return path;
}

/* The numbers of what can be read ascend. Returns how many there are. */
static size_t read_events(struct events *e, uint64_t from)
{
	struct events_cursor c = {.seq = from, .fd = -1};
	cleanup_free char *line = NULL;
	size_t n = 0;

	for (uint64_t last = 0; events_read(e, &c, &line, NULL) == 1; n++) {
		if (c.seq <= last || c.seq > events_next(e))
			abort();
		last = c.seq;
		free(steal_ptr(line));
	}
	events_cursor_clear(&c);
	return n;
}

/* A new event has a number of its own, and is there when the log is opened again. */
static void use_events(const uint8_t *data, size_t size)
{
	cleanup_free char *folder = xasprintf("%s/log", fixture_folder);
	cleanup_free char *path = write_file("log", "00000000000000000001.jsonl", data, size);
	cleanup_json json_t *members = json_pack("{s:s}", "type", "TEST");
	cleanup_events struct events *e = NULL, *again = NULL;
	cleanup_err struct err err = ERR_INIT;
	uint64_t seq;

	if (events_open(folder, &e, &err) < 0)
		goto out;
	size_t n = read_events(e, events_first(e));
	(void)events_seek(e, "2026-12-01T00:00:00", &seq, &err);
	uint64_t next = events_next(e);
	events_add(e, members);
	if (events_sync(e, &err) < 0 || events_next(e) != next + 1)
		abort();
	fixture_must(events_open(folder, &again, &err), &err);
	if (events_next(again) != next + 1 || read_events(again, events_first(again)) != n + 1)
		abort();
out:
	(void)dir_remove(folder, NULL);
}

/* What is read of holds is written and read the same. */
static void use_holds(const uint8_t *data, size_t size)
{
	cleanup_free char *path = write_file(".", "holds.json", data, size);
	cleanup_err struct err err = ERR_INIT;
	struct holds h, again;

	if (holds_open(path, &h, &err) < 0)
		return;
	h.unsaved = true;
	fixture_must(holds_save(&h, &err), &err);
	fixture_must(holds_open(path, &again, &err), &err);
	if (h.n != again.n)
		abort();
	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].scope != again.v[i].scope || h.v[i].until != again.v[i].until ||
		    !streq(h.v[i].name, again.v[i].name))
			abort();
	holds_close(&h);
	holds_close(&again);
}

/* Whatever is remembered, it can be decided by, written, and read. */
static void use_memories(struct manager *m, const uint8_t *data, size_t size)
{
	struct managed *d = fixture_begin(m);
	cleanup_free char *path = write_file("memory/t", "d.json", data, size);
	cleanup_err struct err err = ERR_INIT;

	if (memories_load(d, m->fleet.last_tick, &err) == 0) {
		(void)fleet_tick(&m->fleet, m->fleet.last_tick + 1000, m->proposed);
		fixture_must(memories_save(d, &err), &err);
		(void)memories_load(d, m->fleet.last_tick, &err); /* times may be too far by now */
	}
	(void)unlink(path);
	fixture_end(m);
}

/* Names in the store, where `current` leads. */
static void use_registry(const struct manager *m, const uint8_t *data, size_t size)
{
	cleanup_free char *folder = xasprintf("%s/tenants/t/x", fixture_folder);
	cleanup_free char *link = xasprintf("%s/current", folder);
	cleanup_free char *target = xstrndup((const char *)data, size);
	struct registry_entries entries = {0};
	int generations[REGISTRY_GENERATIONS];
	cleanup_err struct err err = ERR_INIT;
	size_t n;

	fixture_must(dir_make(folder, &err), &err);
	if (symlink(target, link) == 0) {
		(void)registry_list(m->registry, &entries, NULL);
		for (size_t i = 0; i < entries.n; i++) {
			cleanup_free char *text = NULL;
			(void)registry_generations(m->registry, entries.v[i].tenant,
						   entries.v[i].deployment, generations, &n, NULL);
			(void)registry_read(m->registry, entries.v[i].tenant,
					    entries.v[i].deployment, 0, "watch.json", &text, &n,
					    NULL);
		}
		registry_entries_clear(&entries);
	}
	(void)dir_remove(folder, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manager *m;

	if (size == 0)
		return 0;
	if (!m)
		m = fixture_open();
	switch (data[0] % 4) {
	case 0:
		use_events(data + 1, size - 1);
		break;
	case 1:
		use_holds(data + 1, size - 1);
		break;
	case 2:
		use_memories(m, data + 1, size - 1);
		break;
	default:
		use_registry(m, data + 1, size - 1);
	}
	return 0;
}
