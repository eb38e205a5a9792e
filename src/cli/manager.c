// SPDX-License-Identifier: Apache-2.0
/* The verbs that talk to the manager: events, hold, release, heal, manager, status --watch. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/manager.h"
#include "cli/verb.h"
#include "manager/client.h"

/* Sends the request that fill adds to, and takes its answer. */
static int ask(struct json_writer *w, json_t **ret, struct err *err)
{
	json_close(w);
	return client_ask(w, NULL, 0, ret, err);
}

static void begin(struct json_writer *w, const char *what)
{
	json_open_object(w, NULL);
	json_put_string(w, "do", what);
}

/* Text of an event: "02:56:31 VM_ALIVE vm: details". */
static void print_event(const json_t *event)
{
	cleanup_free char *time_text = json_try_text(event, "time");
	cleanup_free char *type = json_try_text(event, "type");
	cleanup_free char *status = json_try_text(event, "status");
	cleanup_free char *deployment = json_try_text(event, "deployment");
	cleanup_free char *vm = json_try_text(event, "vm");
	cleanup_free char *object = json_try_text(event, "object");
	cleanup_free char *state = json_try_text(event, "state");
	cleanup_free char *details = json_try_text(event, "details");
	const char *about = vm ? vm : object ? object : deployment;

	printf("%lld %s %s", (long long)json_try_int64(event, "seq"), time_text ? time_text : "-",
	       type ? type : "-");
	if (status && !streq(status, "SUCCESS"))
		printf(" %s", status);
	if (about)
		printf(" %s", about);
	if (state)
		printf(" [%s]", state);
	printf("%s%s\n", details ? ": " : "", details ? details : "");
}

static int receive_events(const struct events_options *o, int fd, int64_t *n, struct err *err)
{
	for (;; ++*n) {
		cleanup_json json_t *event = NULL;
		int r = client_receive(fd, &event, err);

		if (r <= 0)
			return r;
		if (o->common.json) {
			if (json_dumpf(event, stdout, JSON_COMPACT) < 0 || putchar('\n') < 0)
				return err_errno(err, errno, "cannot write events");
		} else {
			print_event(event);
		}
		if (o->follow && fflush(stdout) != 0)
			return 0; /* the reader has gone */
	}
}

int verb_events(const struct verb *verb, const void *options)
{
	const struct events_options *o = options;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int fd = -1;
	int64_t number, n = 0;

	begin(&w, "events");
	if (o->since && str_to_int(o->since, 0, INT64_MAX, &number) == 0)
		json_put_int64(&w, "since", number);
	else if (o->since && (strlen(o->since) < 8 || o->since[4] != '-'))
		return command_usage_error(&dnsvnf_program, verb,
					   "--since must be a number, or a UTC time such as "
					   "2026-12-01T02:56, not '%s'",
					   o->since);
	else
		json_put_text_opt(&w, "since_time", o->since);
	json_put_bool(&w, "follow", o->follow);
	json_close(&w);
	int r = client_connect(NULL, &fd, &err);
	if (r == 0)
		r = client_send(fd, &w, NULL, 0, &err);
	if (r == 0)
		r = receive_events(o, fd, &n, &err);
	if (r == 0 && o->common.json)
		json_put_int64(o->common.json, "events", n);
	return r < 0 ? cli_fail(verb->name, &err) : EXIT_DONE;
}

/* Two operands. */
static int check_scope(const struct verb *verb, const char *const *operands)
{
	if (!operands[0] || !operands[1] || operands[2])
		return command_usage_error(&dnsvnf_program, verb,
					   "the operands are a scope (vm, deployment, network, "
					   "host or cloud) and a name");
	return EXIT_DONE;
}

int verb_hold(const struct verb *verb, const void *options)
{
	const struct hold_options *o = options;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_json json_t *answer = NULL;
	int code = check_scope(verb, o->operands);

	if (code != EXIT_DONE)
		return code;
	if (!o->why)
		return command_usage_error(&dnsvnf_program, verb,
					   "--why is required: whoever finds the hold must know");
	begin(&w, "hold");
	json_put_string(&w, "scope", o->operands[0]);
	json_put_string(&w, "name", o->operands[1]);
	json_put_text(&w, "why", o->why);
	json_put_int64(&w, "minutes", o->minutes);
	if (ask(&w, &answer, &err) < 0)
		return cli_fail(verb->name, &err);
	time_t until = json_try_int64(answer, "until");
	if (o->common.json) {
		json_put_int64(o->common.json, "until", until);
		return EXIT_DONE;
	}
	char text[32] = "";
	struct tm tm;
	if (gmtime_r(&until, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	printf("%s %s is not healed until %s\n", o->operands[0], o->operands[1], text);
	return EXIT_DONE;
}

int verb_release(const struct verb *verb, const void *options)
{
	const struct release_options *o = options;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;
	int code = check_scope(verb, o->operands);

	if (code != EXIT_DONE)
		return code;
	begin(&w, "release");
	json_put_string(&w, "scope", o->operands[0]);
	json_put_string(&w, "name", o->operands[1]);
	if (ask(&w, NULL, &err) < 0)
		return cli_fail(verb->name, &err);
	if (o->common.json)
		json_put_bool(o->common.json, "released", true);
	else
		printf("%s %s is released\n", o->operands[0], o->operands[1]);
	return EXIT_DONE;
}

int verb_heal(const struct verb *verb, const void *options)
{
	const struct heal_options *o = options;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;

	begin(&w, "heal");
	json_put_string(&w, "vm", o->common.operand);
	json_put_bool(&w, "force", o->force);
	json_put_bool(&w, "discard_state", o->discard_state);
	if (ask(&w, NULL, &err) < 0)
		return cli_fail(verb->name, &err);
	if (o->common.json)
		json_put_bool(o->common.json, "accepted", true);
	else
		printf("accepted: 'dnsvnf events --follow' shows what is done\n");
	return EXIT_DONE;
}

/* TENANT/DEPLOYMENT. */
static bool put_path(struct json_writer *w, const char *path)
{
	const char *slash = path ? strchr(path, '/') : NULL;

	if (!slash || slash == path || !slash[1])
		return false;
	cleanup_free char *tenant = xstrndup(path, (size_t)(slash - path));
	json_put_text(w, "tenant", tenant);
	json_put_text(w, "deployment", slash + 1);
	return true;
}

struct compared {
	const char *old, *new;
};

static int run_diff(const void *data)
{
	const struct compared *c = data;

	execlp("diff", "diff", "-ru", "--", c->old, c->new, (char *)NULL);
	return -errno;
}

static const char *path_of(const json_t *answer, int64_t generation)
{
	json_for_each (one, json_object_get(answer, "generations"))
		if (json_try_int64(one, "generation") == generation)
			return json_string_value(json_object_get(one, "path"));
	return NULL;
}

/* Of two kept generations; as diff(1) prints it. */
static int diff(const struct manager_options *o, json_t *answer)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *text = NULL;
	int64_t numbers[2] = {0};
	struct compared c = {0};
	int status = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *path = str_to_int(o->operands[2 + i] ? o->operands[2 + i] : "", 1,
					      INT32_MAX, &numbers[i]) < 0
					   ? NULL
					   : path_of(answer, numbers[i]);
		*(i ? &c.new : &c.old) = path;
		if (!path) {
			err_set(&err, NOT_FOUND,
				"%s has no generation %s: see 'dnsvnf manager "
				"list %s'",
				o->operands[1], o->operands[2 + i] ? o->operands[2 + i] : "",
				o->operands[1]);
			return cli_fail("manager", &err);
		}
	}
	const struct child child = {"diff", run_diff, &c, 30000, 16 << 20};
	if (child_run(&child, &text, &status, &err) < 0)
		return cli_fail("manager", &err);
	if (o->common.json)
		json_put_text(o->common.json, "diff", text);
	else
		fputs(text, stdout);
	return EXIT_DONE;
}

static int list(const struct manager_options *o, json_t *answer)
{
	if (o->common.json)
		json_put_json(o->common.json, "generations",
			      json_object_get(answer, "generations"));
	json_for_each (one, json_object_get(answer, "generations"))
		if (!o->common.json)
			printf("%lld %s\n", (long long)json_try_int64(one, "generation"),
			       json_string_value(json_object_get(one, "path")));
	return EXIT_DONE;
}

static int changed(const struct manager_options *o, json_t *answer)
{
	int64_t generation = json_try_int64(answer, "generation");

	if (o->common.json && generation > 0)
		json_put_int64(o->common.json, "generation", generation);
	else if (o->common.json)
		json_put_bool(o->common.json, "accepted", true);
	else if (generation > 0)
		printf("%s: generation %lld is managed\n", o->operands[1], (long long)generation);
	else
		printf("%s: accepted; 'dnsvnf events --follow' shows what is done\n",
		       o->operands[1]);
	return EXIT_DONE;
}

int verb_manager(const struct verb *verb, const void *options)
{
	static const struct {
		const char *name, *request;
		size_t operands;
		int (*show)(const struct manager_options *o, json_t *answer);
	} commands[] = {
		{"list", "generations", 2, list},
		{"diff", "generations", 4, diff},
		{"rollback", "rollback", 3, changed},
		{"undeploy", "undeploy", 2, changed},
	};
	const struct manager_options *o = options;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_json json_t *answer = NULL;
	size_t i = 0, n = 0;
	int64_t to = 0;

	while (o->operands[n])
		n++;
	while (i < ARRAY_SIZE(commands) && !streq(commands[i].name, o->operands[0]))
		i++;
	if (i == ARRAY_SIZE(commands) || n != commands[i].operands)
		return command_usage_error(&dnsvnf_program, verb,
					   "it is 'list', 'undeploy' with TENANT/DEPLOYMENT, "
					   "'rollback' with that and a generation, or 'diff' with "
					   "that and two generations");
	begin(&w, commands[i].request);
	if (!put_path(&w, o->operands[1]))
		return command_usage_error(&dnsvnf_program, verb, "'%s' must be TENANT/DEPLOYMENT",
					   o->operands[1]);
	if (n == 3 && str_to_int(o->operands[2], 1, INT32_MAX, &to) < 0)
		return command_usage_error(&dnsvnf_program, verb,
					   "'%s' must be the number of a generation",
					   o->operands[2]);
	if (n == 3)
		json_put_int64(&w, "generation", to);
	if (ask(&w, &answer, &err) < 0)
		return cli_fail(verb->name, &err);
	return commands[i].show(o, answer);
}

/* ---- status --watch ---- */

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static const char *answers(const json_t *vm, const char *key)
{
	const json_t *value = json_object_get(vm, key);

	return json_is_true(value) ? "answers" : json_is_false(value) ? "silent" : "-";
}

static void print_manager(const json_t *manager)
{
	cleanup_free char *events = json_try_text(manager, "keep_error");
	cleanup_free char *probes = json_try_text(manager, "probes_error");

	printf("heal = %s, %lld deployments\n", member(manager, "heal"),
	       (long long)json_try_int64(manager, "deployments"));
	if (events)
		printf("nothing is healed: %s\n", events);
	if (probes)
		printf("no probes: %s\n", probes);
	json_for_each (hold, json_object_get(manager, "holds"))
		printf("hold on %s %s by %s: %s\n", member(hold, "scope"), member(hold, "name"),
		       member(hold, "by"), member(hold, "why"));
}

static void print_deployment(const json_t *d)
{
	cleanup_free char *vim = json_try_text(d, "vim_error");
	cleanup_free char *task = json_try_text(d, "task");
	cleanup_free char *drift = json_try_text(d, "drift");
	cleanup_free char *why = json_try_text(d, "task_error");

	if (task)
		printf("%s/%s: %s %s%s%s\n", member(d, "tenant"), member(d, "deployment"), task,
		       json_is_true(json_object_get(d, "task_runs")) ? "runs" : "waits",
		       why ? ": " : "", why ? why : "");
	if (drift)
		printf("%s/%s: a deploy would: %s\n", member(d, "tenant"), member(d, "deployment"),
		       drift);
	if (vim)
		printf("%s/%s: the VIM does not answer: %s\n", member(d, "tenant"),
		       member(d, "deployment"), vim);
}

static void add_vm(struct table *table, const json_t *vm)
{
	cleanup_free char *state =
		xasprintf("%s%s%s%s", member(vm, "state"),
			  json_is_string(json_object_get(vm, "hold")) ? " (" : "",
			  json_is_string(json_object_get(vm, "hold")) ? member(vm, "hold") : "",
			  json_is_string(json_object_get(vm, "hold")) ? ")" : "");

	table_add(table, member(vm, "tenant"));
	table_add(table, member(vm, "deployment"));
	table_add(table, member(vm, "vm"));
	table_add(table, state);
	table_add(table, member(vm, "vim_state"));
	table_add(table, answers(vm, "echo"));
	table_add(table, answers(vm, "dns"));
	table_add(table, member(vm, "why"));
}

/* Collects the messages of one kind in an array of the answer. */
static void keep(json_t *all, const char *kind, json_t *value)
{
	json_t *array = json_object_get(all, kind);

	if (!array) {
		array = json_array();
		json_object_set_new(all, kind, array);
	}
	json_array_append(array, value);
}

static int receive_status(const struct options *options, int fd, struct err *err)
{
	static const char *const heads[] = {"TENANT", "DEPLOYMENT", "VM",  "STATE",
					    "VIM",    "ECHO",       "DNS", "WHY"};
	cleanup_json json_t *all = json_object();
	struct table table;
	int r;

	table_init(&table, ARRAY_SIZE(heads), heads);
	for (;;) {
		cleanup_json json_t *message = NULL;
		r = client_receive(fd, &message, err);
		if (r <= 0)
			break;
		json_t *manager = json_object_get(message, "manager");
		json_t *deployment = json_object_get(message, "deployment");
		json_t *vm = json_object_get(message, "vm");
		if (options->json) {
			if (manager)
				json_object_set(all, "manager", manager);
			if (deployment)
				keep(all, "deployments", deployment);
			if (vm)
				keep(all, "vms", vm);
			continue;
		}
		if (manager)
			print_manager(manager);
		if (deployment)
			print_deployment(deployment);
		if (vm)
			add_vm(&table, vm);
	}
	if (options->json)
		json_put_json(options->json, "watch", all);
	else if (r == 0 && table.n > table.columns)
		table_print(stdout, &table);
	table_free(&table);
	return r;
}

int cli_status_watch(const struct verb *verb, const struct options *options)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int fd = -1;
	int r = client_connect(NULL, &fd, &err);

	begin(&w, "status");
	json_close(&w);
	if (r == 0)
		r = client_send(fd, &w, NULL, 0, &err);
	if (r == 0)
		r = receive_status(options, fd, &err);
	return r < 0 ? cli_fail(verb->name, &err) : EXIT_DONE;
}
