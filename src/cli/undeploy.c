// SPDX-License-Identifier: Apache-2.0
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/apply.h"

static int undeploy_one(const struct options *options, const struct model *model,
			const struct tenant *tenant, const struct deployment *deployment,
			struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;

	(void)model;
	if (apply_undeploy(vim, &err) == 0)
		return EXIT_DONE;
	int code = cli_fail("undeploy", &err);
	fprintf(stderr,
		"dnsvnf undeploy: deployment \"%s\" of tenant \"%s\" is not completely removed: "
		"'dnsvnf status' lists it, 'dnsvnf undeploy %s' continues\n",
		deployment->name, tenant->name, options->operand);
	return code;
}

int verb_undeploy(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, undeploy_one);
}
