// SPDX-License-Identifier: Apache-2.0
#include "cli/check_vim.h"

#include <errno.h>

#include "base/alloc.h"
#include "check/check.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/supplement.h"

static int look(struct check_vim *c, struct model *model, const struct tenant *tenant,
		struct deployment *deployment, struct findings *findings, struct err *err)
{
	const struct run_ctx run = {.interrupted = c->options->interrupted};
	cleanup_vim struct vim *vim = NULL;
	size_t from = findings->n;

	c->code = target_open(c->verb, c->options, tenant, deployment, &run, &vim);
	if (c->code != EXIT_DONE)
		return -EIO;
	int r = supplement(vim, model, tenant, deployment, findings, err);
	check_waive(model, deployment, NULL, findings, from);
	return r;
}

int check_vim(void *data, struct model *model, struct findings *findings, struct err *err)
{
	struct check_vim *c = data;
	int r = 0;

	c->code = target_check(c->verb, c->options, model);
	if (c->code != EXIT_DONE)
		return -EINVAL;
	for (size_t t = 0; t < model->n_tenants && r == 0; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments && r == 0; d++)
			r = look(c, model, &model->tenants[t], &model->tenants[t].deployments[d],
				 findings, err);
	return r;
}
