// SPDX-License-Identifier: Apache-2.0
#include "cli/common.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "base/str.h"
#include "cli/verb.h"
#include "deploy/design.h"

static int exit_code(int code)
{
	switch (-code) {
	case EINTR:
	case ECANCELED:
		return EXIT_INTERRUPTED;
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EPERM:
	case EACCES:
		return EXIT_UNREACHABLE;
	default:
		return EXIT_NOT_RIGHT;
	}
}

int cli_fail(const char *verb, const struct err *err)
{
	fprintf(stderr, "dnsvnf %s: %s\n", verb, err->text ? err->text : "failed");
	return exit_code(err->code);
}

void cli_print_findings(FILE *out, const struct findings *findings, enum severity least)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->v[i];
		if (f->severity > least)
			continue;
		fputs(f->file, out);
		if (f->line)
			fprintf(out, ":%u", f->line);
		fprintf(out, ": %s: %s", severity_name(f->severity), f->text);
		if (f->path)
			fprintf(out, " (%s)", f->path);
		if (f->also_file)
			fprintf(out, " (see %s:%u)", f->also_file, f->also_line);
		fprintf(out, " [%s]\n", f->rule);
	}
}

int cli_read_design(const char *verb, const struct options *options, struct model **ret_model)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	if (design_read(options->operand, &model, &findings, &err) < 0) {
		cli_fail(verb, &err);
		return EXIT_NOT_RIGHT;
	}
	/* What was built under a descriptor can be looked at and removed even when that is broken
	 * now; and what is wrong with it may be just why no host takes it. */
	bool tolerant = streq(verb, "status") || streq(verb, "undeploy") || streq(verb, "explain");
	size_t errors = findings_count(&findings, SEVERITY_ERROR);
	if (!model || (errors > 0 && !tolerant)) {
		cli_print_findings(stderr, &findings, SEVERITY_WARNING);
		fprintf(stderr, "dnsvnf %s: %s has %zu error%s, nothing was done\n", verb,
			options->operand, errors, errors == 1 ? "" : "s");
		return EXIT_NOT_RIGHT;
	}
	/* What is left out of the deployment is told before it is made. */
	if (streq(verb, "plan") || streq(verb, "deploy") || streq(verb, "explain"))
		cli_print_findings(stderr, &findings, SEVERITY_WARNING);
	*ret_model = steal_ptr(model);
	return EXIT_DONE;
}

const char *cli_vim_name(const struct options *options, const struct deployment *deployment)
{
	if (options->vim)
		return options->vim;
	for (size_t i = 0; i < deployment->n_vm_groups; i++)
		if (deployment->vm_groups[i].locator.vim_id)
			return deployment->vm_groups[i].locator.vim_id;
	return deployment->locator.vim_id ? deployment->locator.vim_id : "local";
}

const char *cli_project(const struct tenant *tenant, const struct deployment *deployment)
{
	for (size_t i = 0; i < deployment->n_vm_groups; i++)
		if (deployment->vm_groups[i].locator.vim_project)
			return deployment->vm_groups[i].locator.vim_project;
	if (deployment->locator.vim_project)
		return deployment->locator.vim_project;
	return tenant->vim_mapping ? tenant->name : NULL;
}

static void report_json(void *data, const struct event *e)
{
	(void)data;
	if (e->status == EVENT_PROGRESS)
		return;
	json_t *line = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "type", e->type,
				 "status", event_status_name(e->status), "tenant", e->tenant,
				 "deployment", e->deployment, "vm_group", e->vm_group, "object",
				 e->object, "details", e->details);
	if (line) {
		json_dumpf(line, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
	}
	json_decref(line);
}

int cli_open_vim(const char *verb, const struct options *options, const struct tenant *tenant,
		 const struct deployment *deployment, const struct run_ctx *run,
		 struct vim **ret_vim)
{
	cleanup_err struct err err = ERR_INIT;
	const char *vim_name = cli_vim_name(options, deployment);
	const struct vim_ops *ops = vim_ops_for(vim_name);

	if (!ops) {
		fprintf(stderr,
			"dnsvnf %s: %s asks for the VIM '%s', which this dnsvnf cannot drive: use "
			"--vim local for the embedded one\n",
			verb, options->operand, vim_name);
		return EXIT_UNREACHABLE;
	}
	const struct vim_target target = {
		.vim_name = vim_name,
		.project = cli_project(tenant, deployment),
		.make_project = tenant->managed_resource && tenant->vim_mapping,
		.tenant = tenant->name,
		.deployment = deployment->name,
		/* A deploy would put back the link that a drill holds down. */
		.change = streq(verb, "deploy") || streq(verb, "undeploy") || streq(verb, "drill"),
	};
	return ops->open(&target, run, ret_vim, &err) < 0 ? cli_fail(verb, &err) : EXIT_DONE;
}

static int run_one(const char *verb, const struct options *options, const struct model *model,
		   const struct tenant *tenant, const struct deployment *deployment,
		   const struct run_ctx *run, cli_deployment_fn *fn)
{
	cleanup_vim struct vim *vim = NULL;
	int r = cli_open_vim(verb, options, tenant, deployment, run, &vim);

	return r != EXIT_DONE ? r : fn(options, model, tenant, deployment, vim);
}

int cli_each_deployment(const char *verb, const struct options *options, cli_deployment_fn *fn)
{
	cleanup_model struct model *model = NULL;
	int r = cli_read_design(verb, options, &model);

	if (r != EXIT_DONE)
		return r;
	size_t deployments = 0;
	for (size_t t = 0; t < model->n_tenants; t++)
		deployments += model->tenants[t].n_deployments;
	if (deployments == 0) {
		fprintf(stderr, "dnsvnf %s: %s has no deployment, so there is nothing to do\n",
			verb, options->operand);
		return EXIT_NOT_RIGHT;
	}
	bool live = isatty(STDERR_FILENO) != 0;
	const char *no_color = getenv("NO_COLOR");
	struct progress *progress = progress_new(stderr, live, live && (!no_color || !*no_color));
	struct run_ctx run = {progress_report, progress, options->interrupted};
	/* Files and a descriptor are enough on a machine from which no cloud is reached. */
	bool offline = streq(verb, "explain") && options->hosts && !options->vim;
	bool streams = streq(verb, "deploy") || streq(verb, "undeploy");
	if (options->json && streams)
		run = (struct run_ctx){report_json, NULL, options->interrupted};

	/* One that is not right does not hide the others, and is told by the exit code. Nothing is
	 * made or broken after a failure. */
	bool goes_on = !streq(verb, "deploy") && !streq(verb, "drill");
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			if (r == EXIT_INTERRUPTED || (r != EXIT_DONE && !goes_on))
				continue;
			const struct tenant *tenant = &model->tenants[t];
			const struct deployment *deployment = &tenant->deployments[d];
			int one = offline ? fn(options, model, tenant, deployment, NULL)
					  : run_one(verb, options, model, tenant, deployment, &run,
						    fn);
			r = one > r ? one : r;
		}
	progress_free(progress);
	return r;
}

void table_init(struct table *table, size_t columns, const char *const *heads)
{
	*table = (struct table){.columns = columns};
	for (size_t i = 0; i < columns; i++)
		table_add(table, heads[i]);
}

void table_add(struct table *table, const char *cell)
{
	*array_push(table->cells, table->n) = xstrdup(cell && *cell ? cell : "-");
}

/* Columns that the text takes on a terminal. */
static size_t width(const char *s)
{
	size_t n = mbstowcs(NULL, s, 0);

	return n == (size_t)-1 ? strlen(s) : n;
}

void table_print(FILE *out, struct table *table)
{
	size_t *widest = xcalloc(table->columns, sizeof(*widest));

	for (size_t i = 0; i < table->n; i++)
		if (width(table->cells[i]) > widest[i % table->columns])
			widest[i % table->columns] = width(table->cells[i]);
	for (size_t i = 0; i < table->n; i++) {
		bool last = i % table->columns == table->columns - 1;
		fputs(table->cells[i], out);
		if (last)
			fputc('\n', out);
		else
			fprintf(out, "%*s",
				(int)(widest[i % table->columns] - width(table->cells[i]) + 2), "");
		free(table->cells[i]);
	}
	free(table->cells);
	free(widest);
}
