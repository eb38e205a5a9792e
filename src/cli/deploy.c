// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/forecast.h"
#include "deploy/plan.h"

/* No host took a server, and Nova does not say why: what the hosts' files and the VIM tell. */
static void tell_why(const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast forecast = {0};

	/* Planned anew: what was undone is free again, what was kept is there. */
	int r = apply_prepare(vim, model, tenant, deployment, &inventory, &plan, &err);
	if (r == 0)
		r = forecast_make(vim, plan, options->hosts, &forecast, &err);
	if (r < 0) {
		fprintf(stderr, "dnsvnf deploy: cannot tell why no host took it: %s\n", err.text);
		return;
	}
	/* The only host has given its reasons in the error. */
	if (forecast.facts.one_host)
		return;
	print_forecast(stderr, &forecast);
	if (!options->hosts)
		fprintf(stderr,
			"dnsvnf deploy: to learn why no host took it, run 'dnsvnf host -o json' on "
			"each compute host and give --hosts the folder with the results\n");
}

static int deploy_one(const struct options *options, const struct model *model,
		      const struct tenant *tenant, const struct deployment *deployment,
		      struct vim *vim)
{
	const struct deploy_options *own = (const void *)options;
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	const struct apply_options apply = {.keep_failed = own->keep_failed};

	if (apply_prepare(vim, model, tenant, deployment, &inventory, &plan, &err) < 0)
		return cli_fail("deploy", &err);
	if (apply_plan(vim, plan, &apply, &err) < 0) {
		int code = cli_fail("deploy", &err);
		if (err.kind == ERR_NO_CAPACITY)
			tell_why(options, model, tenant, deployment, vim);
		if (code == EXIT_INTERRUPTED || own->keep_failed)
			fprintf(stderr,
				"dnsvnf deploy: what was made of %s of %s is left: 'dnsvnf deploy "
				"%s' finishes it, 'dnsvnf undeploy %s' removes it\n",
				deployment->name, tenant->name, options->operand, options->operand);
		return code;
	}
	size_t created = plan_count(plan, ACTION_CREATE) + plan_count(plan, ACTION_REPLACE);
	if (options->format != FORMAT_JSON)
		printf("%s is deployed; %zu %s created, %zu changed, %zu unchanged\n",
		       deployment->name, created, plural(created, "object", "objects"),
		       plan_count(plan, ACTION_UPDATE), plan_count(plan, ACTION_KEEP));
	return EXIT_DONE;
}

int verb_deploy(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, deploy_one);
}
