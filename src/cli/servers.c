// SPDX-License-Identifier: Apache-2.0

#include <time.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"

/* A project with its servers. */
struct project {
	char *vim, *region, *name; /* region, name: NULL: the VIM has none */
	char *asked_at;
	struct vim_server_list servers;
};

static void project_clear(struct project *p)
{
	free_all(p->vim, p->region, p->name, p->asked_at);
	vim_server_list_clear(&p->servers);
}

struct projects {
	struct project *v;
	size_t n;
};

static void projects_clear(struct projects *p)
{
	array_free(p->v, p->n, project_clear);
}

static char *now(void)
{
	time_t t = time(NULL);
	struct tm tm;
	char text[sizeof("2026-11-29T07:25:14Z")];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return xstrdup(text);
}

static bool is_time(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && !*end;
}

static bool is_listed(const struct projects *projects, const struct vim_identity *id)
{
	return array_find(projects->v, projects->n,
			  streq(it->vim, id->vim) && streq(it->region, id->region) &&
				  streq(it->name, id->project)) != NULL;
}

/* tenant and deployment NULL: the project of the credentials. */
static int add_project(const struct verb *verb, const struct options *options,
		       const struct tenant *tenant, const struct deployment *deployment,
		       struct projects *projects)
{
	const struct servers_options *own = (const void *)options;
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *vim = NULL;
	cleanup_server_list struct vim_server_list list = {0};
	int code = target_open(verb, options, tenant, deployment, NULL, &vim);

	if (code != EXIT_DONE || is_listed(projects, &vim->identity))
		return code;
	cleanup_free char *asked_at = now();
	if (vim->ops->servers(vim, own->since, &list, &err) < 0)
		return cli_fail(verb->name, &err);
	*array_push(projects->v, projects->n) =
		(struct project){.vim = xstrdup(vim->identity.vim),
				 .region = xstrdup(vim->identity.region),
				 .name = xstrdup(vim->identity.project),
				 .asked_at = steal_ptr(asked_at),
				 .servers = steal(list)};
	return EXIT_DONE;
}

/* A project that cannot be read does not hide the others. */
static int add_described(const struct verb *verb, const struct options *options,
			 struct projects *projects)
{
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	int code = cli_read_design(verb, options, &model, &findings);

	if (code == EXIT_DONE)
		code = target_check(verb, options, model);
	if (code != EXIT_DONE)
		return code;
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			int one = add_project(verb, options, &model->tenants[t],
					      &model->tenants[t].deployments[d], projects);
			code = one > code ? one : code;
		}
	return code;
}

static void put_server(struct json_writer *w, const struct vim_listed_server *s)
{
	const struct vim_server_info *info = &s->info;

	json_open_object(w, NULL);
	json_put_text(w, "tenant", s->tenant);
	json_put_text(w, "deployment", s->deployment);
	json_put_text(w, "server", info->name);
	json_put_text(w, "id", info->id);
	json_put_text(w, "state", info->status);
	json_put_text(w, "fault", info->fault);
	json_put_text(w, "power_state", info->power_state);
	json_put_text(w, "task", info->task);
	json_put_known_bool(w, "locked",
			    info->locked == TRI_UNKNOWN ? -1 : info->locked == TRI_YES);
	json_put_text(w, "locked_reason", info->locked_reason);
	json_put_text(w, "host", info->host);
	json_put_text(w, "host_status", info->host_status);
	json_put_text(w, "updated", info->updated);
	json_put_bool(w, "deleted", s->deleted);
	json_close(w);
}

static void put_projects(struct json_writer *w, const struct projects *projects)
{
	json_open_array(w, "projects");
	for (size_t i = 0; i < projects->n; i++) {
		const struct project *p = &projects->v[i];
		json_open_object(w, NULL);
		json_put_text(w, "vim", p->vim);
		json_put_text(w, "region", p->region);
		json_put_text(w, "project", p->name);
		json_put_text(w, "asked_at", p->asked_at);
		json_put_bool(w, "partial", p->servers.partial != NULL);
		json_put_text(w, "why", p->servers.partial);
		json_open_array(w, "servers");
		for (size_t k = 0; k < p->servers.n; k++)
			put_server(w, &p->servers.v[k]);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static void print_project(const struct project *p)
{
	static const char *const heads[] = {"TENANT", "DEPLOYMENT", "SERVER", "ID",
					    "STATE",  "POWER",      "TASK",   "LOCKED",
					    "HOST",   "SERVICE",    "UPDATED"};
	struct table table;

	if (p->servers.n == 0)
		puts("no servers");
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < p->servers.n; i++) {
		const struct vim_listed_server *s = &p->servers.v[i];
		const struct vim_server_info *info = &s->info;
		table_add(&table, s->tenant);
		table_add(&table, s->deployment);
		table_add(&table, info->name);
		table_add(&table, info->id);
		table_add(&table, info->status);
		table_add(&table, info->power_state);
		table_add(&table, info->task);
		table_add(&table, info->locked == TRI_YES  ? "yes"
				  : info->locked == TRI_NO ? "no"
							   : NULL);
		table_add(&table, info->host);
		table_add(&table, info->host_status);
		table_add(&table, info->updated);
	}
	if (p->servers.n)
		table_print(stdout, &table);
	if (p->servers.partial)
		printf("This list is partial: %s\n", p->servers.partial);
}

int verb_servers(const struct verb *verb, const void *all)
{
	const struct options *options = all;
	const struct servers_options *own = all;
	__attribute__((__cleanup__(projects_clear))) struct projects projects = {0};

	if (own->since && !is_time(own->since))
		return command_usage_error(&dnsvnf_program, verb,
					   "--since must be a time in UTC as 2026-11-29T07:25:14Z, "
					   "not '%s'",
					   own->since);
	int code = options->operand ? add_described(verb, options, &projects)
				    : add_project(verb, options, NULL, NULL, &projects);
	if (options->json && (code == EXIT_DONE || projects.n > 0))
		put_projects(options->json, &projects);
	for (size_t i = 0; !options->json && i < projects.n; i++)
		print_project(&projects.v[i]);
	return code;
}
