// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/forecast.h"
#include "deploy/plan.h"

/* No host accepted a server and Nova does not say why: explain it from --hosts and the VIM. */
static void tell_why(const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast forecast = {0};

	/* Plan again: the rollback freed resources, and --keep-failed left objects. */
	int r = apply_prepare(vim, model, tenant, deployment, NULL, &inventory, &plan, &err);
	if (r == 0)
		r = forecast_make(vim, plan, options->hosts, &forecast, &err);
	if (r < 0) {
		fprintf(stderr,
			"dnsvnf deploy: cannot explain why no host accepted the server: %s\n",
			err.text);
		return;
	}
	/* The error already holds the reasons of the only host. */
	if (forecast.facts.one_host)
		return;
	print_forecast(stderr, &forecast);
	if (!options->hosts)
		fprintf(stderr, "dnsvnf deploy: to find out why no host accepted the server, run "
				"'dnsvnf host -o json' on each compute host and pass the folder "
				"with the results to --hosts\n");
}

static void report(const struct options *options, const struct deployment *deployment,
		   size_t created, size_t changed, size_t kept)
{
	if (options->json) {
		json_put_uint64(options->json, "created", created);
		json_put_uint64(options->json, "changed", changed);
		json_put_uint64(options->json, "unchanged", kept);
	} else {
		printf("%s is deployed; %zu %s created, %zu changed, %zu unchanged\n",
		       deployment->name, created, plural(created, "object", "objects"), changed,
		       kept);
	}
}

static int deploy_one(const struct options *options, const struct model *model,
		      const struct tenant *tenant, const struct deployment *deployment,
		      struct vim *vim)
{
	const struct deploy_options *own = (const void *)options;
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	const struct apply_options apply = {.keep_failed = own->keep_failed,
					    .no_rollback = own->no_rollback};

	if (cli_is_left_alone(model, deployment, own->replace)) {
		if (options->json)
			report(options, deployment, 0, 0, 0);
		return EXIT_DONE;
	}
	if (apply_prepare(vim, model, tenant, deployment, own->replace, &inventory, &plan, &err) <
	    0)
		return cli_fail("deploy", &err);
	if (own->at_once)
		plan_at_once(plan, "requested with --at-once");
	if (apply_admit(vim, plan, &err) < 0 || apply_check_hosts(vim, plan, own->force, &err) < 0)
		return cli_fail("deploy", &err);
	cli_warn(stderr, plan);
	int confirmed = cli_confirm("deploy", options, own->yes, plan);
	if (confirmed != EXIT_DONE)
		return confirmed;
	if (apply_plan(vim, plan, &apply, &err) < 0) {
		int code = cli_fail("deploy", &err);
		if (err.kind == ERR_NO_CAPACITY)
			tell_why(options, model, tenant, deployment, vim);
		if (code == EXIT_INTERRUPTED || own->keep_failed) {
			cleanup_free char *deploy = target_command("deploy", options, vim);
			cleanup_free char *undeploy = target_command("undeploy", options, vim);
			fprintf(stderr,
				"dnsvnf deploy: deployment \"%s\" of tenant \"%s\" is incomplete; "
				"to complete it: %s; to remove it: %s\n",
				deployment->name, tenant->name, deploy, undeploy);
		}
		return code;
	}
	size_t created = plan_count(plan, ACTION_CREATE) + plan_count(plan, ACTION_REPLACE);
	size_t changed = plan_count(plan, ACTION_UPDATE) + plan_count(plan, ACTION_CHANGE);
	report(options, deployment, created, changed, plan_count(plan, ACTION_KEEP));
	return EXIT_DONE;
}

int verb_deploy(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, deploy_one);
}
