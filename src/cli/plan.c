// SPDX-License-Identifier: Apache-2.0
#include "deploy/plan.h"
#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/forecast.h"

static const char *action_sign(enum action action)
{
	static const char *const names[] = {
		[ACTION_CREATE] = "+",   [ACTION_UPDATE] = "~", [ACTION_CHANGE] = "~",
		[ACTION_REPLACE] = "-+", [ACTION_DELETE] = "-", [ACTION_KEEP] = " ",
		[ACTION_USE] = " ",
	};

	return names[action];
}

static void print_table(const struct plan *plan)
{
	static const char *const heads[] = {"STEP", "ACTION", "KIND", "NAME", "AS", "WHY"};
	struct table table;

	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		cleanup_free char *number = xasprintf("%zu", i + 1);
		table_add(&table, number);
		cleanup_free char *action =
			xasprintf("%s %s", action_sign(s->action), action_name(s->action));
		table_add(&table, action);
		table_add(&table, vim_kind_name(s->request.kind));
		table_add(&table, s->name);
		table_add(&table, s->about);
		table_add(&table, s->why);
	}
	table_print(stdout, &table);
}

static void put_interruption(struct json_writer *w, const struct plan *plan, const struct step *s)
{
	cleanup_free char *interruption = step_interruption(plan, s);
	cleanup_strv struct strv lines = {0};

	step_differences(s, &lines);
	json_put_texts(w, "changes", lines.v, lines.n);
	json_put_text(w, "interruption", interruption);
	json_put_bool(w, "way_back", !step_no_way_back(s));
}

/* forecast and capacity may be NULL. */
static void put_plan(struct json_writer *w, const struct plan *plan,
		     const struct forecast *forecast, const struct capacity *capacity)
{
	json_open_array(w, "steps");
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];

		json_open_object(w, NULL);
		json_put_text(w, "action", action_name(s->action));
		json_put_text(w, "kind", vim_kind_name(s->request.kind));
		json_put_text(w, "name", s->name);
		json_put_text(w, "owner", s->owner);
		json_put_text_opt(w, "about", s->about);
		json_put_text_opt(w, "why", s->why);
		json_put_text_opt(w, "warning", s->warning);
		json_put_bool(w, "interrupts", step_interrupts(s));
		if (step_interrupts(s))
			put_interruption(w, plan, s);
		json_close(w);
	}
	json_close(w);
	json_put_text_opt(w, "at_once", plan->at_once_why);
	if (forecast)
		put_forecast(w, "schedule", forecast);
	if (capacity)
		put_capacity(w, "capacity", forecast, capacity);
}

static bool interrupts(const struct plan *plan)
{
	return array_find(plan->v, plan->n, step_interrupts(it)) != NULL;
}

static void print_interruption(const struct plan *plan, const struct step *s)
{
	cleanup_free char *interruption = step_interruption(plan, s);
	const char *no_way = step_no_way_back(s);

	printf("%s: the service of server %s is interrupted%s%s\n", plan->deployment->name, s->name,
	       s->why ? ": " : "", s->why ? s->why : "");
	printf("    %s\n", interruption);
	if (no_way)
		printf("    no rollback if it fails: %s\n", no_way);
	else
		printf("    rolled back if it does not serve within bootup_time\n");
}

static void print_summary(const struct plan *plan, const struct deployment *deployment)
{
	printf("%s: %zu to create, %zu to update, %zu to change, %zu to replace, %zu to delete, "
	       "%zu unchanged\n",
	       deployment->name, plan_count(plan, ACTION_CREATE), plan_count(plan, ACTION_UPDATE),
	       plan_count(plan, ACTION_CHANGE), plan_count(plan, ACTION_REPLACE),
	       plan_count(plan, ACTION_DELETE), plan_count(plan, ACTION_KEEP));
	cli_warn(stdout, plan);
	if (interrupts(plan) && plan->at_once_why)
		printf("%s: the servers go down together: %s\n", deployment->name,
		       plan->at_once_why);
	for (size_t i = 0; i < plan->n; i++)
		if (step_interrupts(&plan->v[i]))
			print_interruption(plan, &plan->v[i]);
}

static int prepare(const struct options *options, const struct model *model,
		   const struct tenant *tenant, const struct deployment *deployment,
		   struct vim *vim, struct vim_inventory *inventory, struct plan **ret,
		   struct err *err)
{
	const struct plan_options *own = (const void *)options;

	if (own->undeploy)
		return undeploy_prepare(vim, model, tenant, deployment, inventory, ret, err);
	int r = apply_prepare(vim, model, tenant, deployment, own->replace, inventory, ret, err);
	return r < 0 ? r : apply_find_used(*ret, err);
}

static int plan_one(const struct options *options, const struct model *model,
		    const struct tenant *tenant, const struct deployment *deployment,
		    struct vim *vim)
{
	const struct plan_options *own = (const void *)options;
	struct json_writer *json = options->json;
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast forecast = {0};
	cleanup_capacity struct capacity capacity = {0};
	bool counted = options->hosts && own->count > 0;

	if (cli_is_left_alone(model, deployment, own->replace)) {
		const struct plan nothing = {.deployment = deployment};
		if (json)
			put_plan(json, &nothing, NULL, NULL);
		return EXIT_DONE;
	}
	int r = prepare(options, model, tenant, deployment, vim, &inventory, &plan, &err);
	if (r == 0 && options->hosts)
		r = forecast_make(vim, plan, options->hosts, &forecast, &err);
	if (r < 0)
		return cli_fail("plan", &err);
	if (counted)
		capacity_make(&forecast.request, &forecast.hosts, &forecast.facts, &capacity);
	if (json)
		put_plan(json, plan, options->hosts ? &forecast : NULL, counted ? &capacity : NULL);
	else
		print_table(plan);
	if (!json && options->hosts)
		print_forecast(stdout, &forecast);
	if (!json && counted)
		print_capacity(stdout, &forecast, &capacity);
	if (apply_admit(vim, plan, &err) < 0 || apply_check_hosts(vim, plan, false, &err) < 0)
		return cli_fail("plan", &err);
	if (!json)
		print_summary(plan, deployment);
	bool nowhere = schedule_count(&forecast.schedule, SCHEDULE_NOWHERE) > 0;
	bool full = counted && capacity.n < own->count;
	bool to_do = plan_count(plan, ACTION_KEEP) + plan_count(plan, ACTION_USE) < plan->n;
	return nowhere || full || (own->exit_code && to_do) ? EXIT_NOT_RIGHT : EXIT_DONE;
}

int verb_plan(const struct verb *verb, const void *options)
{
	const struct plan_options *own = options;

	if (own->undeploy && own->replace)
		return command_usage_error(&dnsvnf_program, verb,
					   "--replace cannot be combined with --undeploy");
	return cli_each_deployment(verb, options, plan_one);
}
