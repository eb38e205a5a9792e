// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/plan.h"

/* A deployment without objects may still have a namespace or a folder. */
static int find_remains(struct vim *vim, bool *ret, struct err *err)
{
	struct vim_deployment *v = NULL;
	size_t n = 0;
	int r = vim->ops->deployments(vim, &v, &n, err);

	for (size_t i = 0; i < n && !*ret; i++)
		*ret = streq(v[i].tenant, vim->tenant) && streq(v[i].deployment, vim->deployment);
	vim_deployments_free(v, n);
	return r;
}

/* release() deletes a project that was created for the deployment and is empty. */
static int nothing_there(struct vim *vim)
{
	const struct vim_identity *id = &vim->identity;
	cleanup_err struct err err = ERR_INIT;

	if (vim->ops->release(vim, &err) == 0)
		err_set(&err, NOT_FOUND, "nothing of %s is deployed in VIM %s, project %s",
			vim->deployment, id->vim, id->project ? id->project : "-");
	return cli_fail("undeploy", &err);
}

static int undeploy_one(const struct options *options, const struct model *model,
			const struct tenant *tenant, const struct deployment *deployment,
			struct vim *vim)
{
	const struct undeploy_options *own = (const void *)options;
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	bool remains = false;

	if (undeploy_prepare(vim, model, tenant, deployment, &inventory, &plan, &err) < 0)
		return cli_fail("undeploy", &err);
	if (plan->n == 0 && find_remains(vim, &remains, &err) < 0)
		return cli_fail("undeploy", &err);
	if (plan->n == 0 && !remains)
		return nothing_there(vim);
	if (apply_check_hosts(vim, plan, own->force, &err) < 0)
		return cli_fail("undeploy", &err);
	int confirmed = cli_confirm("undeploy", options, own->yes, plan);
	if (confirmed != EXIT_DONE)
		return confirmed;
	if (apply_undeploy(vim, plan, &err) == 0)
		return EXIT_DONE;
	int code = cli_fail("undeploy", &err);
	cleanup_free char *command = target_command("undeploy", options, vim);
	fprintf(stderr,
		"dnsvnf undeploy: deployment \"%s\" of tenant \"%s\" is not completely removed; "
		"to continue: %s\n",
		deployment->name, tenant->name, command);
	return code;
}

int verb_undeploy(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, undeploy_one);
}
