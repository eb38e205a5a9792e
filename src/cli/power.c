// SPDX-License-Identifier: Apache-2.0
#include "deploy/power.h"

#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"

/* A server of this deployment that was named. */
struct row {
	const struct vim_object *server; /* borrowed from the inventory */
	char *status;
	bool needed; /* it is not as wanted yet */
};

static void row_clear(struct row *row)
{
	free(row->status);
}

struct rows {
	struct row *v;
	size_t n;
};

static void rows_clear(struct rows *rows)
{
	array_free(rows->v, rows->n, row_clear);
}

/* The command line. */
struct request {
	struct power_options own; /* must be first: callers have a pointer to its options */
	enum vim_power power;
	const char *const *servers; /* NULL at the end */
	bool *found;                /* of each: in one of the deployments */
	bool only;                  /* the descriptor has one deployment */
};

static int not_found(const struct request *request, const char *server)
{
	cleanup_err struct err err = ERR_INIT;

	err_set(&err, NOT_FOUND,
		"no server \"%s\" is deployed by %s: 'dnsvnf status %s' lists them", server,
		request->own.common.operand, request->own.common.operand);
	return cli_fail("power", &err);
}

static const struct vim_object *find(const struct vim *vim, const struct vim_inventory *inventory,
				     const char *name)
{
	for (size_t i = 0; i < inventory->n; i++) {
		const struct vim_object *o = &inventory->v[i];
		if (o->kind == VIM_SERVER && streq(o->name, name) && vim_object_is_of(o, vim))
			return o;
	}
	return NULL;
}

/* Checks all of them before the first is touched. */
static int check(const struct request *request, struct vim *vim,
		 const struct vim_inventory *inventory, struct rows *rows)
{
	cleanup_err struct err err = ERR_INIT;

	for (size_t i = 0; request->servers[i]; i++) {
		const struct vim_object *server = find(vim, inventory, request->servers[i]);
		if (!server && request->only)
			return not_found(request, request->servers[i]);
		if (!server)
			continue;
		request->found[i] = true;
		struct row *row = array_push(rows->v, rows->n);
		row->server = server;
		if (power_check(vim, server, request->power, request->own.force, &row->status,
				&row->needed, &err) < 0)
			return cli_fail("power", &err);
	}
	return EXIT_DONE;
}

static void print(const struct request *request, const struct rows *rows)
{
	static const char *const heads[] = {"ACTION", "SERVER", "STATE"};
	struct table table;

	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < rows->n; i++) {
		table_add(&table, rows->v[i].needed ? vim_power_name(request->power) : "none");
		table_add(&table, rows->v[i].server->name);
		table_add(&table, rows->v[i].status);
	}
	table_print(stderr, &table);
}

static int confirm(const struct request *request, const struct rows *rows)
{
	size_t n = 0;

	print(request, rows);
	for (size_t i = 0; i < rows->n; i++)
		n += rows->v[i].needed;
	if (n == 0 || request->power == VIM_POWER_START || request->own.yes)
		return EXIT_DONE;
	cleanup_free char *question =
		xasprintf("%s %zu %s as above?", vim_power_name(request->power), n,
			  plural(n, "server", "servers"));
	return cli_ask("power", &request->own.common, question);
}

static void put_rows(struct json_writer *w, const struct rows *rows, size_t done)
{
	json_open_array(w, "servers");
	for (size_t i = 0; i < rows->n; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "server", rows->v[i].server->name);
		json_put_text(w, "state_before", rows->v[i].status);
		json_put_bool(w, "changed", i < done && rows->v[i].needed);
		json_close(w);
	}
	json_close(w);
}

static int apply(const struct request *request, struct vim *vim, const struct rows *rows)
{
	cleanup_err struct err err = ERR_INIT;
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < rows->n) {
		const struct row *row = &rows->v[done];
		r = row->needed ? power_apply(vim, row->server, request->power, &err) : 0;
		done += r == 0;
	}
	if (request->own.common.json)
		put_rows(request->own.common.json, rows, done);
	return r < 0 ? cli_fail("power", &err) : EXIT_DONE;
}

static int power_one(const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct vim *vim)
{
	const struct request *given = (const void *)options;
	struct request request = *given;
	cleanup_inventory struct vim_inventory inventory = {0};
	__attribute__((__cleanup__(rows_clear))) struct rows rows = {0};
	cleanup_err struct err err = ERR_INIT;

	(void)tenant;
	(void)deployment;
	request.only = model->n_tenants == 1 && model->tenants[0].n_deployments == 1;
	if (vim->ops->list(vim, NULL, 0, &inventory, &err) < 0)
		return cli_fail("power", &err);
	int code = check(&request, vim, &inventory, &rows);
	if (code == EXIT_DONE && rows.n > 0)
		code = confirm(&request, &rows);
	return code == EXIT_DONE ? apply(&request, vim, &rows) : code;
}

static bool power_parse(const char *word, enum vim_power *ret)
{
	for (enum vim_power p = VIM_POWER_START; p <= VIM_POWER_REBOOT; p++)
		if (streq(word, vim_power_name(p))) {
			*ret = p;
			return true;
		}
	return false;
}

int verb_power(const struct verb *verb, const void *options)
{
	bool found[OPERANDS_MAX] = {false};
	struct request request = {.own = *(const struct power_options *)options, .found = found};
	const char *const *operands = request.own.operands;

	if (!power_parse(operands[0], &request.power))
		return command_usage_error(
			&dnsvnf_program, verb,
			"the first operand must be start, stop or reboot, not '%s'", operands[0]);
	if (!operands[1] || !operands[2])
		return command_usage_error(&dnsvnf_program, verb, "missing operand %s",
					   operands[1] ? "SERVER" : "DEP.xml");
	request.own.common.operand = operands[1];
	request.servers = operands + 2;
	int code = cli_each_deployment(verb, &request.own.common, power_one);
	for (size_t i = 0; code == EXIT_DONE && request.servers[i]; i++)
		if (!found[i])
			code = not_found(&request, request.servers[i]);
	return code;
}
