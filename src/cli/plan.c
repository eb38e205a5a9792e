// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "base/alloc.h"
#include "cli/common.h"
#include "cli/placing.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/outlook.h"
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

/* What is asked of the hosts, or nothing when they are not given. */
struct forecast {
	bool made, counted;
	struct outlook outlook;
	struct placing_room room;
};

static void forecast_clear(struct forecast *f)
{
	outlook_clear(&f->outlook);
	placing_room_clear(&f->room);
}

#define cleanup_forecast __attribute__((__cleanup__(forecast_clear)))

static int forecast_make(const struct options *options, struct vim *vim, const struct plan *plan,
			 struct forecast *f, struct err *err)
{
	int r = options->hosts ? outlook_make(vim, plan, options->hosts, &f->outlook, err) : 0;

	if (r < 0 || !options->hosts)
		return r;
	f->made = true;
	f->counted = options->count > 0;
	if (f->counted)
		placing_room_make(plan, &f->outlook.hosts, &f->outlook.facts, &f->room);
	return 0;
}

static void print_json(const struct plan *plan, const struct forecast *f)
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
	if (f->made)
		json_object_set_new(whole, "placing", outlook_json(&f->outlook));
	if (f->counted)
		json_object_set_new(whole, "room", room_json(&f->outlook, &f->room));
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
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast forecast = {0};

	if (apply_prepare(vim, model, tenant, deployment, &inventory, &plan, &err) < 0 ||
	    forecast_make(options, vim, plan, &forecast, &err) < 0)
		return cli_fail("plan", &err);
	if (options->json)
		print_json(plan, &forecast);
	else
		print_table(plan);
	if (!options->json && forecast.made)
		print_outlook(stdout, &forecast.outlook);
	if (!options->json && forecast.counted)
		print_room(stdout, &forecast.outlook, &forecast.room);
	if (apply_admit(vim, plan, &err) < 0)
		return cli_fail("plan", &err);
	if (!options->json)
		print_summary(plan, deployment);
	bool nowhere = placing_count(&forecast.outlook.placing, PLACING_NOWHERE) > 0;
	bool full = forecast.counted && forecast.room.n < options->count;
	return nowhere || full ? EXIT_NOT_RIGHT : EXIT_DONE;
}

int verb_plan(const struct options *options)
{
	return cli_each_deployment("plan", options, plan_one);
}
