// SPDX-License-Identifier: Apache-2.0
/* The manager's store and event log as commands, for test_manager_files.py. */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"
#include "manager/events.h"
#include "manager/registry.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "%s\n", err->text);
	return 1;
}

static int store_command(const char *verb, char **argv, struct err *err)
{
	cleanup_registry struct registry *s = NULL;
	int generation = 0, r = registry_open(argv[0], &s, err);

	if (r == 0 && streq(verb, "put")) {
		const struct registry_file files[] = {{"descriptor", argv[3], strlen(argv[3])},
						      {"files/day0", argv[3], strlen(argv[3])}};
		r = registry_put(s, argv[1], argv[2], files, 2, &generation, err);
	} else if (r == 0 && streq(verb, "rollback")) {
		r = registry_rollback(s, argv[1], argv[2], atoi(argv[3]), &generation, err);
	} else if (r == 0 && streq(verb, "gone")) {
		r = registry_mark_gone(s, argv[1], argv[2], err);
	} else if (r == 0 && streq(verb, "remove")) {
		r = registry_remove(s, argv[1], argv[2], err);
	}
	if (generation)
		printf("%d\n", generation);
	return r;
}

static int show_entry(struct registry *s, const struct registry_entry *e, struct err *err)
{
	int generations[REGISTRY_GENERATIONS];
	size_t n, len;
	int r = registry_generations(s, e->tenant, e->deployment, generations, &n, err);

	if (r < 0)
		return r;
	printf("%s/%s%s", e->tenant, e->deployment, e->gone ? " gone" : "");
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *descriptor = NULL, *day0 = NULL;
		r = registry_read(s, e->tenant, e->deployment, generations[i], "descriptor",
				  &descriptor, &len, err);
		if (r == 0)
			r = registry_read(s, e->tenant, e->deployment, generations[i], "files/day0",
					  &day0, &len, err);
		if (r < 0)
			return r;
		printf(" %d:%s:%s", generations[i], descriptor, day0);
	}
	printf("\n");
	return e->generation == generations[n - 1] ? 0 : err_set(err, BUG, "not the last");
}

static int show_store(char **argv, struct err *err)
{
	cleanup_registry struct registry *s = NULL;
	struct registry_entries entries = {0};
	int r = registry_open(argv[0], &s, err);

	if (r == 0)
		r = registry_list(s, &entries, err);
	for (size_t i = 0; r == 0 && i < entries.n; i++)
		r = show_entry(s, &entries.v[i], err);
	registry_entries_clear(&entries);
	return r;
}

/* Adds each text as an event; prints the numbers when they are on the disk. */
static int add_events(char **argv, struct err *err)
{
	cleanup_events struct events *e = NULL;
	int r = events_open(argv[0], &e, err);

	for (size_t i = 1; r == 0 && argv[i]; i++) {
		json_t *members = json_pack("{s:s,s:s}", "type", "TEST", "details", argv[i]);
		events_add(e, members);
		json_decref(members);
		r = events_sync(e, err);
		if (r < 0) { /* as the manager does, a second later */
			fprintf(stderr, "%s\n", err->text);
			err_clear(err);
			r = events_sync(e, err);
		}
		if (r == 0)
			printf("%" PRIu64 "\n", events_next(e) - 1);
		fflush(stdout);
	}
	return r;
}

static int show_events(char **argv, struct err *err)
{
	cleanup_events struct events *e = NULL;
	struct events_cursor c = {.seq = argv[1] ? strtoull(argv[1], NULL, 10) : 1, .fd = -1};
	cleanup_free char *line = NULL;
	int r = events_open(argv[0], &e, err);

	if (r == 0 && argv[1] && strchr(argv[1], '-'))
		r = events_seek(e, argv[1], &c.seq, err);
	while (r == 0 && (r = events_read(e, &c, &line, err)) == 1) {
		printf("%s\n", line);
		free(steal_ptr(line));
		r = 0;
	}
	events_cursor_clear(&c);
	return r;
}

/* Many large events, read back by number and by time. */
static int fill_events(char **argv, struct err *err)
{
	cleanup_events struct events *e = NULL;
	int r = events_open(argv[0], &e, err);
	cleanup_free char *text = xcalloc(1, 15001);

	memset(text, 'x', 15000);
	for (int i = 0; r == 0 && i < atoi(argv[1]); i++) {
		json_t *members = json_pack("{s:s}", "details", text);
		events_add(e, members);
		json_decref(members);
		if (i % 100 == 99)
			r = events_sync(e, err);
	}
	if (r == 0)
		printf("%" PRIu64 " %" PRIu64 "\n", events_first(e), events_next(e));
	return r;
}

int main(int argc, char **argv)
{
	cleanup_err struct err err = ERR_INIT;
	int r;

	if (argc < 3)
		return 2;
	if (streq(argv[1], "show"))
		r = show_store(argv + 2, &err);
	else if (streq(argv[1], "add"))
		r = add_events(argv + 2, &err);
	else if (streq(argv[1], "events"))
		r = show_events(argv + 2, &err);
	else if (streq(argv[1], "fill"))
		r = fill_events(argv + 2, &err);
	else
		r = store_command(argv[1], argv + 2, &err);
	return r < 0 ? fail(&err) : 0;
}
