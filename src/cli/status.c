// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/guest.h"

#define ASK_MS 1500

/* One server, as a row. */
struct row {
	char *tenant, *deployment, *server;
	char *state, *uptime, *bond, *addresses;
};

static void row_clear(struct row *row)
{
	free(row->tenant);
	free(row->deployment);
	free(row->server);
	free(row->state);
	free(row->uptime);
	free(row->bond);
	free(row->addresses);
}

static char *uptime_text(int64_t s)
{
	if (s < 0)
		return NULL;
	if (s < 3600)
		return xasprintf("%lld:%02lld min", (long long)s / 60, (long long)s % 60);
	return xasprintf("%lld:%02lld h", (long long)s / 3600, (long long)s / 60 % 60);
}

/* The guest answers on one of the ports of type virtual: the management port is one of them. */
static bool ask_guest(struct vim *vim, const struct vim_server_info *server,
		      struct guest_status *ret)
{
	for (size_t i = server->n_ports; i-- > 0;) {
		const struct vim_port_info *p = &server->ports[i];
		for (size_t a = 0; p->type == PORT_VIRTUAL && a < p->ip_addresses.n; a++)
			if (guest_status(vim, p->ip_addresses.v[a], GUEST_PORT, ASK_MS, ret,
					 NULL) == 0)
				return true;
	}
	return false;
}

static void fill_guest(struct row *row, const struct guest_status *guest)
{
	struct strbuf bonds = {0}, addresses = {0};

	for (size_t b = 0; b < guest->n_bonds; b++) {
		const struct guest_bond *bond = &guest->bonds[b];
		size_t up = 0;
		for (size_t l = 0; l < bond->n_legs; l++)
			up += streq(bond->legs[l].mii_status, "up");
		strbuf_addf(&bonds, "%s%s %s, %zu of %zu legs up, %s active", b ? "; " : "",
			    bond->name, bond->mode ? bond->mode : "mode unknown", up, bond->n_legs,
			    bond->active_leg ? bond->active_leg : "none");
		const struct guest_interface *i = guest_status_interface(guest, bond->name);
		for (size_t a = 0; i && a < i->addresses.n; a++)
			if (!str_starts(i->addresses.v[a], "fe80:"))
				strbuf_addf(&addresses, "%s%s", addresses.len ? ", " : "",
					    i->addresses.v[a]);
	}
	row->bond = strbuf_steal(&bonds);
	row->addresses = strbuf_steal(&addresses);
}

static void fill_from_ports(struct row *row, const struct vim_server_info *server)
{
	struct strbuf addresses = {0};

	for (size_t i = 0; i < server->n_ports; i++)
		for (size_t a = 0; a < server->ports[i].ip_addresses.n; a++)
			if (!addresses.s ||
			    !strstr(addresses.s, server->ports[i].ip_addresses.v[a]))
				strbuf_addf(&addresses, "%s%s", addresses.len ? ", " : "",
					    server->ports[i].ip_addresses.v[a]);
	row->bond = xstrdup("guest unreachable");
	row->addresses = strbuf_steal(&addresses);
}

static void add_server(struct vim *vim, const char *name, struct row **rows, size_t *n)
{
	cleanup_server_info struct vim_server_info server = {0};
	cleanup_guest_status struct guest_status guest = {0};
	struct row *row = array_push(*rows, *n);

	row->tenant = xstrdup(vim->tenant);
	row->deployment = xstrdup(vim->deployment);
	row->server = xstrdup(name);
	if (vim->ops->server(vim, name, VIM_LOOK_ALL, &server, NULL) < 0) {
		row->state = xstrdup("not there");
		return;
	}
	row->state = server.fault ? xasprintf("%s: %s", server.status, server.fault)
				  : xstrdup(server.status);
	row->uptime = uptime_text(server.uptime);
	if (server.state == VIM_STATE_ACTIVE && ask_guest(vim, &server, &guest))
		fill_guest(row, &guest);
	else
		fill_from_ports(row, &server);
}

static void add_remains(struct row **rows, size_t *n, const char *tenant, const char *deployment,
			const char *state)
{
	struct row *row = array_push(*rows, *n);

	row->tenant = xstrdup(tenant);
	row->deployment = xstrdup(deployment);
	row->state = xstrdup(state);
}

static int add_deployment(struct vim *vim, struct row **rows, size_t *n, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	size_t owned = 0, servers = 0;
	int r = vim->ops->list(vim, NULL, 0, &inventory, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < inventory.n; i++) {
		if (!vim_object_is_of(&inventory.v[i], vim))
			continue;
		owned++;
		if (inventory.v[i].kind == VIM_SERVER) {
			add_server(vim, inventory.v[i].name, rows, n);
			servers++;
		}
	}
	if (servers == 0 && owned > 0)
		add_remains(rows, n, vim->tenant, vim->deployment, "incomplete: no server");
	return 0;
}

static void print_table(struct row *rows, size_t n)
{
	static const char *const heads[] = {"TENANT", "DEPLOYMENT", "SERVER",   "STATE",
					    "UPTIME", "BOND",       "ADDRESSES"};
	struct table table;

	if (n == 0) {
		puts("no deployments");
		return;
	}
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < n; i++) {
		table_add(&table, rows[i].tenant);
		table_add(&table, rows[i].deployment);
		table_add(&table, rows[i].server);
		table_add(&table, rows[i].state);
		table_add(&table, rows[i].uptime);
		table_add(&table, rows[i].bond);
		table_add(&table, rows[i].addresses);
	}
	table_print(stdout, &table);
}

static void put_rows(struct json_writer *w, const struct row *rows, size_t n)
{
	json_open_array(w, NULL);
	for (size_t i = 0; i < n; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "tenant", rows[i].tenant);
		json_put_text(w, "deployment", rows[i].deployment);
		json_put_text_opt(w, "server", rows[i].server);
		json_put_text_opt(w, "state", rows[i].state);
		json_put_text_opt(w, "uptime", rows[i].uptime);
		json_put_text_opt(w, "bond", rows[i].bond);
		json_put_text_opt(w, "addresses", rows[i].addresses);
		json_close(w);
	}
	json_close(w);
}

/* project: the cloud's project; NULL: that of the credentials. */
static int add_named(const char *vim_name, const char *project, const char *tenant,
		     const char *deployment, struct row **rows, size_t *n)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *vim = NULL;
	const struct vim_ops *ops = vim_ops_for(vim_name);

	if (!ops) {
		err_set(&err, UNREACHABLE,
			"VIM '%s' is not supported by this build: use --vim local", vim_name);
		return cli_fail("status", &err);
	}
	const struct vim_target target = {.vim_name = vim_name,
					  .project = project,
					  .tenant = tenant,
					  .deployment = deployment};
	if (ops->open(&target, NULL, &vim, &err) < 0 || add_deployment(vim, rows, n, &err) < 0)
		return cli_fail("status", &err);
	return EXIT_DONE;
}

static int add_all(const struct options *options, struct row **rows, size_t *n)
{
	const char *vim_name = options->vim ? options->vim : "local";
	cleanup_err struct err err = ERR_INIT;
	const struct vim_ops *ops = vim_ops_for(vim_name);
	struct vim_deployment *v = NULL;
	size_t count = 0;
	int code = EXIT_DONE;

	if (!ops)
		return add_named(vim_name, NULL, "", "", rows, n);
	if (ops->deployments(vim_name, &v, &count, &err) < 0)
		return cli_fail("status", &err);
	/* A deployment that cannot be read does not hide the others. */
	for (size_t i = 0; i < count; i++) {
		size_t before = *n;
		int one = add_named(vim_name, NULL, v[i].tenant, v[i].deployment, rows, n);
		if (one == EXIT_DONE && *n == before) /* listed only for its namespace or folder */
			add_remains(rows, n, v[i].tenant, v[i].deployment,
				    "empty remains of a deployment; undeploy removes them");
		code = one != EXIT_DONE ? one : code;
	}
	vim_deployments_free(v, count);
	return code;
}

static int add_described(const struct verb *verb, const struct options *options, struct row **rows,
			 size_t *n)
{
	cleanup_model struct model *model = NULL;
	int code = cli_read_design(verb, options, &model);

	for (size_t t = 0; code == EXIT_DONE && t < model->n_tenants; t++)
		for (size_t d = 0; code == EXIT_DONE && d < model->tenants[t].n_deployments; d++) {
			const struct deployment *dep = &model->tenants[t].deployments[d];
			code = add_named(cli_vim_name(options, dep),
					 cli_project(&model->tenants[t], dep),
					 model->tenants[t].name, dep->name, rows, n);
		}
	return code;
}

int verb_status(const struct verb *verb, const void *all)
{
	const struct options *options = all;
	cleanup_json_writer struct json_writer w = {0};
	struct row *rows = NULL;
	size_t n = 0;

	vim_show_timings(options->timings);
	int code = options->operand ? add_described(verb, options, &rows, &n)
				    : add_all(options, &rows, &n);

	if (options->format == FORMAT_JSON && (code == EXIT_DONE || n > 0))
		put_rows(&w, rows, n);
	else if (code == EXIT_DONE || n > 0)
		print_table(rows, n);
	if (w.root)
		code = cli_print_json("status", &w, code);
	for (size_t i = 0; i < n; i++)
		row_clear(&rows[i]);
	free(rows);
	return code;
}
