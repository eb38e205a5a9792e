// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/verb.h"
#include "deploy/apply.h"
#include "deploy/forecast.h"
#include "deploy/plan.h"

/* The server's state in the VIM; ret->status is NULL if it does not exist. */
static int look(struct vim *vim, const struct step *s, struct vim_server_info *ret, struct err *err)
{
	if (!vim || !s->present)
		return 0;
	return vim->ops->server(vim, s->name, VIM_LOOK_STATE, ret, err);
}

/* Combines the server's fault with the result of the rules. */
static const char *conclusion(const struct vim_server_info *info, const struct scheduled_server *p)
{
	if (!p || p->verdict != SCHEDULE_FITS)
		return NULL;
	switch (info->fault_class) {
	case VIM_FAULT_OTHER:
		break;
	case VIM_FAULT_TOTALS:
	case VIM_FAULT_FILTERED:
		return "it fits according to the host inventories: resources may have become free "
		       "since, the inventories may be outdated, or something else excludes the "
		       "hosts (aggregates, availability zone, a disabled service)";
	case VIM_FAULT_ON_HOST:
		return "host and ports show no problem, so the hypervisor refused to start it: "
		       "nova-compute's log on the host says why";
	}
	return NULL;
}

static void put_server(struct json_writer *w, const struct step *s,
		       const struct vim_server_info *info, const struct scheduled_server *p)
{
	json_open_object(w, NULL);
	if (p)
		put_scheduled(w, p);
	else
		json_put_text(w, "server", s->name);
	json_put_text_opt(w, "status", info->status);
	json_put_text_opt(w, "fault", info->fault);
	json_put_text_opt(w, "conclusion", conclusion(info, p));
	json_close(w);
}

static void print_server(const struct step *s, const struct vim_server_info *info,
			 const struct scheduled_server *p)
{
	const char *also = conclusion(info, p);

	if (info->status)
		printf("server %s is %s%s%s%s%s\n", s->name, info->status,
		       info->hypervisor ? " " : "", info->hypervisor ? info->hypervisor : "",
		       info->fault ? ": " : "", info->fault ? info->fault : "");
	if (p)
		print_scheduled(stdout, p);
	if (also)
		printf("  %s\n", also);
}

static int tell(const struct options *options, struct vim *vim, const struct plan *plan,
		const struct forecast *o, struct err *err)
{
	bool wrong = schedule_count(&o->schedule, SCHEDULE_NOWHERE) > 0;

	for (size_t i = 0; i < plan->n; i++) {
		cleanup_server_info struct vim_server_info info = {0};
		const struct step *s = &plan->v[i];
		if (s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		int r = look(vim, s, &info, err);
		if (r < 0)
			return cli_fail("explain", err);
		wrong |= info.status && info.state == VIM_STATE_ERROR;
		if (options->json)
			put_server(options->json, s, &info, schedule_find(&o->schedule, s->name));
		else
			print_server(s, &info, schedule_find(&o->schedule, s->name));
	}
	return wrong ? EXIT_NOT_RIGHT : EXIT_DONE;
}

static bool is_unknown(const struct forecast *o)
{
	return o->hosts.n == 0 && schedule_count(&o->schedule, SCHEDULE_UNKNOWN) > 0;
}

static int explain_one(const struct options *options, const struct model *model,
		       const struct tenant *tenant, const struct deployment *deployment,
		       struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_forecast struct forecast o = {0};

	int r = vim ? apply_prepare(vim, model, tenant, deployment, NULL, &inventory, &plan, &err)
		    : plan_make(model, tenant, deployment, &inventory, NULL, &plan, &err);
	if (r == 0)
		r = forecast_make(vim, plan, options->hosts, &o, &err);
	if (r < 0)
		return cli_fail("explain", &err);
	if (options->json)
		json_open_array(options->json, "servers");
	int code = tell(options, vim, plan, &o, &err);
	if (options->json) {
		json_close(options->json);
		put_notes(options->json, &o);
	} else if (o.notes) {
		fputs(o.notes, stdout);
	}
	if (is_unknown(&o))
		fputs("dnsvnf explain: to find out which host fits, run 'dnsvnf host -o json' on "
		      "each compute host and pass the folder with the results to --hosts\n",
		      stderr);
	return code;
}

int verb_explain(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, explain_one);
}
