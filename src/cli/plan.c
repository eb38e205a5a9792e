// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "base/alloc.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/plan.h"

static void print_table(const struct plan *plan)
{
	static const char *const heads[] = {"STEP", "ACTION", "KIND", "NAME", "AS", "WHY"};
	struct table table;

	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		cleanup_free char *number = xasprintf("%zu", i + 1);
		table_add(&table, number);
		table_add(&table, action_name(s->action));
		table_add(&table, vim_kind_name(s->request.kind));
		table_add(&table, s->name);
		table_add(&table, s->about);
		table_add(&table, s->why);
	}
	table_print(stdout, &table);
}

static void print_json(const struct plan *plan)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		json_array_append_new(steps,
				      json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:b}", "action",
						action_name(s->action), "kind",
						vim_kind_name(s->request.kind), "name", s->name,
						"owner", s->owner, "about", s->about, "why", s->why,
						"interrupts", step_interrupts(s)));
	}
	json_t *whole = json_pack("{s:s, s:s, s:o}", "tenant", plan->tenant->name, "deployment",
				  plan->deployment->name, "steps", steps);
	json_dumpf(whole, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(whole);
}

static int plan_one(const struct options *options, const struct model *model,
		    const struct tenant *tenant, const struct deployment *deployment,
		    struct vim *vim, const struct events *events)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};

	(void)events;
	if (apply_prepare(vim, model, tenant, deployment, &inventory, &plan, &err) < 0)
		return cli_fail("plan", &err);
	if (options->json)
		print_json(plan);
	else
		print_table(plan);
	if (apply_admit(vim, plan, &err) < 0)
		return cli_fail("plan", &err);
	if (options->json)
		return EXIT_DONE;
	printf("%s: %zu to create, %zu to update, %zu to replace, %zu to delete, %zu unchanged\n",
	       deployment->name, plan_count(plan, ACTION_CREATE), plan_count(plan, ACTION_UPDATE),
	       plan_count(plan, ACTION_REPLACE), plan_count(plan, ACTION_DELETE),
	       plan_count(plan, ACTION_KEEP));
	for (size_t i = 0; i < plan->n; i++)
		if (step_interrupts(&plan->v[i]))
			printf("%s: the service of server %s is interrupted: %s\n",
			       deployment->name, plan->v[i].name, plan->v[i].why);
	return EXIT_DONE;
}

int verb_plan(const struct options *options)
{
	return cli_each_deployment("plan", options, plan_one);
}
