// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/manager.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/guest.h"

#define ASK_MS 1500

/* The remains of a deployment without a server. */
enum remains {
	REMAINS_NONE, /* it has a server */
	REMAINS_INCOMPLETE,
	REMAINS_EMPTY, /* an empty namespace or folder */
};

/* A server, or the remains of a deployment without one. */
struct row {
	char *tenant, *deployment, *server;
	enum remains remains;
	struct vim_server_info info; /* status NULL: the VIM does not have it */
	bool reached;                /* the guest */
	struct guest_status guest;
	struct strv addresses;
};

static void row_clear(struct row *row)
{
	free_all(row->tenant, row->deployment, row->server);
	vim_server_info_clear(&row->info);
	guest_status_clear(&row->guest);
	strv_clear(&row->addresses);
}

/* Tries the guest's virtual ports, one of which is the management port. */
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

static void add_addresses(struct row *row, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (!str_starts(from->v[i], "fe80:") && !strv_contains(&row->addresses, from->v[i]))
			strv_add(&row->addresses, from->v[i]);
}

/* The bonds' addresses; the ports' if the guest is unreachable. */
static void find_addresses(struct row *row)
{
	for (size_t b = 0; b < row->guest.n_bonds; b++) {
		const struct guest_interface *i =
			guest_status_interface(&row->guest, row->guest.bonds[b].name);
		if (i)
			add_addresses(row, &i->addresses);
	}
	for (size_t i = 0; !row->reached && i < row->info.n_ports; i++)
		add_addresses(row, &row->info.ports[i].ip_addresses);
}

static struct row *add_row(struct row **rows, size_t *n, const char *tenant, const char *deployment)
{
	struct row *row = array_push(*rows, *n);

	row->tenant = xstrdup(tenant);
	row->deployment = xstrdup(deployment);
	return row;
}

static void add_server(struct vim *vim, const char *name, struct row **rows, size_t *n)
{
	struct row *row = add_row(rows, n, vim->tenant, vim->deployment);

	row->server = xstrdup(name);
	if (vim->ops->server(vim, name, VIM_LOOK_ALL, &row->info, NULL) < 0)
		return;
	row->reached =
		row->info.state == VIM_STATE_ACTIVE && ask_guest(vim, &row->info, &row->guest);
	find_addresses(row);
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
		add_row(rows, n, vim->tenant, vim->deployment)->remains = REMAINS_INCOMPLETE;
	return 0;
}

static char *uptime_text(int64_t s)
{
	if (s < 0)
		return NULL;
	if (s < 3600)
		return xasprintf("%lld:%02lld min", (long long)s / 60, (long long)s % 60);
	return xasprintf("%lld:%02lld h", (long long)s / 3600, (long long)s / 60 % 60);
}

/* Nova's power sync stops a server whose guest went off: that is no user's wish. */
static void add_action(struct strbuf *b, const struct vim_server_info *info)
{
	if (!info->action || !streq(info->status, "SHUTOFF"))
		return;
	strbuf_addf(b, "; last action: %s by %s", info->action,
		    info->action_user ? info->action_user : "no user");
	if (info->action_at)
		strbuf_addf(b, " at %s", info->action_at);
}

static char *server_text(const struct vim_server_info *info)
{
	struct strbuf b = {0};

	strbuf_adds(&b, info->status);
	if (info->fault)
		strbuf_addf(&b, ": %s", info->fault);
	if (info->task)
		strbuf_addf(&b, "; task %s", info->task);
	if (info->locked == TRI_YES)
		strbuf_addf(&b, "; locked (%s)",
			    info->locked_reason ? info->locked_reason : "no reason is shown");
	if (info->host_status && !streq(info->host_status, "UP"))
		strbuf_addf(&b, "; compute service %s", info->host_status);
	add_action(&b, info);
	return strbuf_steal(&b);
}

static char *state_text(const struct row *row)
{
	switch (row->remains) {
	case REMAINS_INCOMPLETE:
		return xstrdup("incomplete: no server");
	case REMAINS_EMPTY:
		return xstrdup("empty remains of a deployment: undeploy removes them");
	case REMAINS_NONE:
		break;
	}
	if (!row->info.status)
		return xstrdup("missing");
	return server_text(&row->info);
}

static size_t legs_up(const struct guest_bond *bond)
{
	size_t up = 0;

	for (size_t l = 0; l < bond->n_legs; l++)
		up += streq(bond->legs[l].mii_status, "up");
	return up;
}

static char *bonds_text(const struct row *row)
{
	struct strbuf b = {0};

	if (row->info.status && !row->reached)
		return xstrdup("guest unreachable");
	for (size_t i = 0; i < row->guest.n_bonds; i++) {
		const struct guest_bond *bond = &row->guest.bonds[i];
		strbuf_addf(&b, "%s%s %s, %zu of %zu legs up, %s active", i ? "; " : "", bond->name,
			    bond->mode ? bond->mode : "mode unknown", legs_up(bond), bond->n_legs,
			    bond->active_leg ? bond->active_leg : "none");
	}
	return strbuf_steal(&b);
}

static void print_table(const struct row *rows, size_t n)
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
		const struct row *row = &rows[i];
		cleanup_free char *state = state_text(row);
		cleanup_free char *uptime = uptime_text(row->info.status ? row->info.uptime : -1);
		cleanup_free char *bonds = bonds_text(row);
		cleanup_strbuf struct strbuf addresses = {0};

		for (size_t a = 0; a < row->addresses.n; a++)
			strbuf_addf(&addresses, "%s%s", a ? ", " : "", row->addresses.v[a]);
		table_add(&table, row->tenant);
		table_add(&table, row->deployment);
		table_add(&table, row->server);
		table_add(&table, state);
		table_add(&table, uptime);
		table_add(&table, bonds);
		table_add(&table, addresses.s);
	}
	table_print(stdout, &table);
}

static void put_bond(struct json_writer *w, const struct guest_bond *bond)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", bond->name);
	json_put_text(w, "mode", bond->mode);
	json_put_text(w, "active_leg", bond->active_leg);
	json_open_array(w, "legs");
	for (size_t l = 0; l < bond->n_legs; l++) {
		json_open_object(w, NULL);
		json_put_text(w, "name", bond->legs[l].name);
		json_put_bool(w, "up", streq(bond->legs[l].mii_status, "up"));
		json_close(w);
	}
	json_close(w);
	json_close(w);
}

static void put_action(struct json_writer *w, const struct vim_server_info *info)
{
	if (!info->action) {
		json_put_null(w, "last_action");
		return;
	}
	json_open_object(w, "last_action");
	json_put_text(w, "action", info->action);
	json_put_text(w, "user", info->action_user);
	json_put_text(w, "at", info->action_at);
	json_close(w);
}

static void put_server(struct json_writer *w, const struct row *row)
{
	json_open_object(w, NULL);
	json_put_text(w, "server", row->server);
	json_put_text(w, "state", row->info.status);
	json_put_text(w, "fault", row->info.fault);
	json_put_text(w, "task", row->info.task);
	json_put_known_bool(w, "locked",
			    row->info.locked == TRI_UNKNOWN ? -1 : row->info.locked == TRI_YES);
	json_put_text(w, "locked_reason", row->info.locked_reason);
	json_put_text(w, "host_status", row->info.host_status);
	put_action(w, &row->info);
	json_put_known(w, "uptime", row->info.status ? row->info.uptime : -1);
	json_put_bool(w, "guest_reached", row->reached);
	json_open_array(w, "bonds");
	for (size_t b = 0; b < row->guest.n_bonds; b++)
		put_bond(w, &row->guest.bonds[b]);
	json_close(w);
	json_put_texts(w, "addresses", row->addresses.v, row->addresses.n);
	json_close(w);
}

static const char *remains_name(enum remains remains)
{
	static const char *const names[] = {
		[REMAINS_NONE] = "deployed",
		[REMAINS_INCOMPLETE] = "incomplete",
		[REMAINS_EMPTY] = "empty",
	};

	return names[remains];
}

/* Keeps the rows of a deployment together. */
static void put_rows(struct json_writer *w, const struct row *rows, size_t n)
{
	json_open_array(w, "deployments");
	for (size_t i = 0; i < n;) {
		const struct row *first = &rows[i];

		json_open_object(w, NULL);
		json_put_text(w, "tenant", first->tenant);
		json_put_text(w, "deployment", first->deployment);
		json_put_text(w, "state", remains_name(first->remains));
		json_open_array(w, "servers");
		for (; i < n && streq(rows[i].tenant, first->tenant) &&
		       streq(rows[i].deployment, first->deployment);
		     i++)
			if (rows[i].server)
				put_server(w, &rows[i]);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static int add_all(const struct verb *verb, const struct options *options, struct row **rows,
		   size_t *n)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *all = NULL;
	struct vim_deployment *v = NULL;
	size_t count = 0;
	int code = target_open(verb, options, NULL, NULL, NULL, &all);

	if (code != EXIT_DONE)
		return code;
	if (all->ops->deployments(all, &v, &count, &err) < 0)
		return cli_fail("status", &err);
	/* A deployment that cannot be read does not hide the others. */
	for (size_t i = 0; i < count; i++) {
		cleanup_vim struct vim *vim = NULL;
		const struct vim_target target = {.vim_name = all->identity.vim,
						  .region = all->identity.region,
						  .tenant = v[i].tenant,
						  .deployment = v[i].deployment};
		size_t before = *n;
		err_clear(&err);
		if (all->ops->open(&target, NULL, &vim, &err) < 0 ||
		    add_deployment(vim, rows, n, &err) < 0)
			code = cli_fail("status", &err);
		else if (*n == before) /* listed only for its namespace or folder */
			add_row(rows, n, v[i].tenant, v[i].deployment)->remains = REMAINS_EMPTY;
	}
	vim_deployments_free(v, count);
	return code;
}

static int add_named(const struct verb *verb, const struct options *options,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct row **rows, size_t *n)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *vim = NULL;
	int r = target_open(verb, options, tenant, deployment, NULL, &vim);

	if (r == EXIT_DONE && add_deployment(vim, rows, n, &err) < 0)
		return cli_fail("status", &err);
	return r;
}

static int add_described(const struct verb *verb, const struct options *options, struct row **rows,
			 size_t *n)
{
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	int code = cli_read_design(verb, options, &model, &findings);

	if (code == EXIT_DONE)
		code = target_check(verb, options, model);
	for (size_t t = 0; code == EXIT_DONE && t < model->n_tenants; t++)
		for (size_t d = 0; code == EXIT_DONE && d < model->tenants[t].n_deployments; d++)
			code = add_named(verb, options, &model->tenants[t],
					 &model->tenants[t].deployments[d], rows, n);
	return code;
}

int verb_status(const struct verb *verb, const void *all)
{
	const struct status_options *o = all;
	const struct options *options = &o->common;
	struct row *rows = NULL;
	size_t n = 0;

	if (o->watch)
		return cli_status_watch(verb, options);
	int code = options->operand ? add_described(verb, options, &rows, &n)
				    : add_all(verb, options, &rows, &n);

	if (options->json)
		put_rows(options->json, rows, n);
	else if (code == EXIT_DONE || n > 0)
		print_table(rows, n);
	array_free(rows, n, row_clear);
	return code;
}
