// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "base/alloc.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/forecast.h"
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

/* forecast and capacity may be NULL. */
static void print_json(const struct plan *plan, const struct forecast *forecast,
		       const struct capacity *capacity)
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
	if (forecast)
		json_object_set_new(whole, "schedule", forecast_json(forecast));
	if (capacity)
		json_object_set_new(whole, "capacity", capacity_json(forecast, capacity));
	json_dumpf(whole, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(whole);
}

static void print_summary(const struct plan *plan, const struct deployment *deployment)
{
	printf("%s: %zu to create, %zu to update, %zu to replace, %zu to delete, %zu unchanged\n",
	       deployment->name, plan_count(plan, ACTION_CREATE), plan_count(plan, ACTION_UPDATE),
	       plan_count(plan, ACTION_REPLACE), plan_count(plan, ACTION_DELETE),
	       plan_count(plan, ACTION_KEEP));
	for (size_t i = 0; i < plan->n; i++)
		if (step_interrupts(&plan->v[i]))
			printf("%s: the service of server %s is interrupted: %s\n",
			       deployment->name, plan->v[i].name, plan->v[i].why);
}

static int plan_one(const struct options *options, const struct model *model,
		    const struct tenant *tenant, const struct deployment *deployment,
		    struct vim *vim)
{
	const struct plan_options *own = (const void *)options;
	bool json = options->format == FORMAT_JSON;
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast forecast = {0};
	cleanup_capacity struct capacity capacity = {0};
	bool counted = options->hosts && own->count > 0;

	int r = apply_prepare(vim, model, tenant, deployment, &inventory, &plan, &err);
	if (r == 0 && options->hosts)
		r = forecast_make(vim, plan, options->hosts, &forecast, &err);
	if (r < 0)
		return cli_fail("plan", &err);
	if (counted)
		capacity_make(&forecast.request, &forecast.hosts, &forecast.facts, &capacity);
	if (json)
		print_json(plan, options->hosts ? &forecast : NULL, counted ? &capacity : NULL);
	else
		print_table(plan);
	if (!json && options->hosts)
		print_forecast(stdout, &forecast);
	if (!json && counted)
		print_capacity(stdout, &forecast, &capacity);
	if (apply_admit(vim, plan, &err) < 0)
		return cli_fail("plan", &err);
	if (!json)
		print_summary(plan, deployment);
	bool nowhere = schedule_count(&forecast.schedule, SCHEDULE_NOWHERE) > 0;
	bool full = counted && capacity.n < own->count;
	return nowhere || full ? EXIT_NOT_RIGHT : EXIT_DONE;
}

int verb_plan(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, plan_one);
}
