// SPDX-License-Identifier: Apache-2.0
#include "deploy/forecast.h"

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/plan.h"

static int ask_vim(struct vim *vim, const struct plan *plan, struct cloud_facts *ret,
		   struct err *err)
{
	cleanup_free struct vim_request *requests = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].action != ACTION_DELETE && plan->v[i].action != ACTION_USE)
			*array_push(requests, n) = plan->v[i].request;
	return vim->ops->facts(vim, requests, n, ret, err);
}

/* A refused server uses no resources. */
static bool frees_capacity(const struct step *s)
{
	return step_interrupts(s) && s->action != ACTION_CHANGE &&
	       (s->present->state != VIM_STATE_ERROR || s->present->host);
}

void forecast_request(const struct plan *plan, struct schedule_request *ret)
{
	schedule_request_make(plan->model, plan->deployment, ret);
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		struct wanted_server *server =
			s->request.kind == VIM_SERVER ? schedule_request_find(ret, s->name) : NULL;
		ret->frees_capacity |= frees_capacity(s);
		if (server && (s->action == ACTION_KEEP || s->action == ACTION_UPDATE ||
			       s->action == ACTION_CHANGE)) {
			server->stays = true;
			server->host = s->present->host;
		}
	}
}

static int gather(struct vim *vim, const struct plan *plan, const char *dir, struct forecast *f,
		  struct err *err)
{
	cleanup_strbuf struct strbuf notes = {0};
	int r = 0;

	if (dir)
		r = hosts_read_dir(dir, &f->hosts, err);
	if (r == 0 && vim)
		r = ask_vim(vim, plan, &f->facts, err);
	if (r < 0)
		return r;
	if (dir) {
		f->facts.one_host = false;
	} else {
		f->hosts = steal(f->facts.hosts);
	}
	for (size_t i = 0; i < f->hosts.n; i++)
		if (f->hosts.v[i].contradiction)
			strbuf_addf(&notes, "unknown: host %s is left out: %s\n",
				    f->hosts.v[i].name, f->hosts.v[i].contradiction);
	facts_apply(&f->facts, &f->hosts, &notes);
	f->notes = notes.len ? strbuf_steal(&notes) : NULL;
	forecast_request(plan, &f->request);
	schedule_make(&f->request, &f->hosts, &f->facts, &f->schedule);
	return 0;
}

int forecast_make(struct vim *vim, const struct plan *plan, const char *dir, struct forecast *ret,
		  struct err *err)
{
	struct forecast forecast = {0};
	int r = gather(vim, plan, dir, &forecast, err);

	if (r < 0)
		forecast_clear(&forecast);
	else
		*ret = forecast;
	return r;
}

void forecast_clear(struct forecast *forecast)
{
	schedule_clear(&forecast->schedule);
	schedule_request_clear(&forecast->request);
	compute_hosts_clear(&forecast->hosts);
	facts_clear(&forecast->facts);
	free(forecast->notes);
	*forecast = (struct forecast){0};
}
