// SPDX-License-Identifier: Apache-2.0
/* Common to the verbs that use a VIM. */
#include <stdlib.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/progress.h"
#include "cli/answer.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/plan.h"

static void report_json(void *data, const struct event *e)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;

	(void)data;
	if (e->status == EVENT_PROGRESS)
		return;
	json_open_object(&w, NULL);
	json_put_text(&w, "type", e->type);
	json_put_text(&w, "status", event_status_name(e->status));
	json_put_text_opt(&w, "tenant", e->tenant);
	json_put_text_opt(&w, "deployment", e->deployment);
	json_put_text_opt(&w, "vm_group", e->vm_group);
	json_put_text_opt(&w, "object", e->object);
	json_put_text_opt(&w, "details", e->details);
	json_close(&w);
	if (json_write_file(&w, stdout, JSON_COMPACT, &err) < 0)
		cli_fail("events", &err);
	fflush(stdout);
}

/* Once, before anything is created. */
static void print_warnings(const struct verb *verb, struct findings *findings)
{
	if (verb->policy & VERB_WARNS)
		cli_print_findings(stderr, findings, SEVERITY_WARNING);
	findings_clear(findings);
}

/* explain with --hosts alone runs on machines without access to a cloud. */
static bool is_offline(const struct verb *verb, const struct options *options)
{
	return (verb->policy & VERB_OFFLINE) ||
	       ((verb->policy & VERB_NEEDS_NO_VIM) && options->hosts && !options->vim &&
		!options->os_cloud);
}

static int run_one(const struct verb *verb, const struct options *options,
		   const struct model *model, const struct tenant *tenant,
		   const struct deployment *deployment, struct findings *findings,
		   const struct run_ctx *run, cli_deployment_fn *fn)
{
	cleanup_vim struct vim *vim = NULL;
	int r = is_offline(verb, options)
			? EXIT_DONE
			: target_open(verb, options, tenant, deployment, run, &vim);

	print_warnings(verb, findings);
	return r != EXIT_DONE ? r : fn(options, model, tenant, deployment, vim);
}

/* As an object of the answer. */
static int answer_one(const struct verb *verb, const struct options *options,
		      const struct model *model, const struct tenant *tenant,
		      const struct deployment *deployment, struct findings *findings,
		      const struct run_ctx *run, cli_deployment_fn *fn)
{
	struct json_writer *w = options->json;

	if (!w)
		return run_one(verb, options, model, tenant, deployment, findings, run, fn);
	json_open_object(w, NULL);
	json_put_text(w, "tenant", tenant->name);
	json_put_text(w, "deployment", deployment->name);
	answer_part_begin();
	int r = run_one(verb, options, model, tenant, deployment, findings, run, fn);
	answer_part_end(w);
	json_close(w);
	return r;
}

int cli_each_deployment(const struct verb *verb, const struct options *options,
			cli_deployment_fn *fn)
{
	cleanup_model struct model *model = NULL;
	cleanup_findings struct findings findings = {0};
	int r = cli_read_design(verb, options, &model, &findings);

	if (r != EXIT_DONE)
		return r;
	size_t deployments = 0;
	for (size_t t = 0; t < model->n_tenants; t++)
		deployments += model->tenants[t].n_deployments;
	if (deployments == 0) {
		cleanup_err struct err err = ERR_INIT;
		err_set(&err, INVALID, "%s has no deployment: nothing to do", options->operand);
		return cli_fail(verb->name, &err);
	}
	r = is_offline(verb, options) ? EXIT_DONE : target_check(verb, options, model);
	if (r != EXIT_DONE)
		return r;
	bool live = isatty(STDERR_FILENO) != 0;
	const char *no_color = getenv("NO_COLOR");
	struct progress *progress = progress_new(stderr, live, live && (!no_color || !*no_color));
	struct run_ctx run = {progress_report, progress, options->interrupted};
	if (options->format == FORMAT_JSON && (verb->policy & VERB_STREAMS))
		run = (struct run_ctx){report_json, NULL, options->interrupted};

	/*
	 * A failed deployment does not hide the others; the exit code reports it. deploy and drill
	 * stop at the first failure.
	 */
	bool stops = (verb->policy & VERB_STOPS) != 0;
	if (options->json && (verb->policy & VERB_WARNS))
		cli_put_findings(options->json, &findings, SEVERITY_WARNING);
	if (options->json)
		json_open_array(options->json, "deployments");
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			if (r == EXIT_INTERRUPTED || (r != EXIT_DONE && stops))
				continue;
			const struct tenant *tenant = &model->tenants[t];
			const struct deployment *deployment = &tenant->deployments[d];
			int one = answer_one(verb, options, model, tenant, deployment, &findings,
					     &run, fn);
			r = one > r ? one : r;
		}
	if (options->json)
		json_close(options->json);
	progress_free(progress);
	return r;
}

bool cli_is_left_alone(const struct model *model, const struct deployment *deployment,
		       const char *replace)
{
	if (!replace || plan_has_server(deployment, replace))
		return false;
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++)
			if (plan_has_server(&model->tenants[t].deployments[d], replace))
				return true;
	return false;
}
