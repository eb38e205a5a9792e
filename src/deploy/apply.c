// SPDX-License-Identifier: Apache-2.0
#include "deploy/apply.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "deploy/alive.h"
#include "deploy/plan.h"

volatile sig_atomic_t deploy_interrupted;

/* ESC's names where it has one; ports, flavors and servers get names in the same style. */
static const char *event_type(enum vim_kind kind, bool make)
{
	switch (kind) {
	case VIM_NETWORK:
		return make ? "CREATE_NETWORK" : "DELETE_NETWORK";
	case VIM_SUBNET:
		return make ? "CREATE_SUBNET" : "DELETE_SUBNET";
	case VIM_IMAGE:
		return make ? "CREATE_IMAGE" : "DELETE_IMAGE";
	case VIM_FLAVOR:
		return make ? "CREATE_FLAVOR" : "DELETE_FLAVOR";
	case VIM_PORT:
		return make ? "CREATE_PORT" : "DELETE_PORT";
	case VIM_SERVER:
		return make ? "VM_DEPLOYED" : "VM_UNDEPLOYED";
	}
	return "?";
}

static void report(const struct vim *vim, const struct events *events, enum vim_kind kind,
		   bool make, enum event_status status, const char *name, const char *details)
{
	event_report(events, &(struct event){
				     .type = event_type(kind, make),
				     .status = status,
				     .tenant = vim->tenant,
				     .deployment = vim->deployment,
				     .object = name,
				     .details = details,
			     });
}

int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, struct vim_inventory *ret_inventory,
		  struct plan **ret_plan, struct err *err)
{
	char **names;
	size_t n;

	plan_names(model, deployment, &names, &n);
	int r = vim->ops->list(vim, (const char *const *)names, n, ret_inventory, err);
	plan_names_free(names, n);
	if (r < 0)
		return r;
	return plan_make(model, tenant, deployment, ret_inventory, ret_plan, err);
}

static char *owner_prefix(const struct vim *vim)
{
	return xasprintf("dnsvnf:%s/%s/", vim->tenant, vim->deployment);
}

static bool is_owned(const struct vim_object *o, const char *prefix)
{
	return o->owner && str_starts(o->owner, prefix);
}

static int interrupted(struct err *err)
{
	return err_set(err, EINTR, "interrupted");
}

static int destroy(struct vim *vim, const struct vim_object *o, const struct events *events,
		   struct err *err)
{
	report(vim, events, o->kind, false, EVENT_STARTED, o->name, NULL);
	int r = vim->ops->destroy(vim, o, err);
	if (r < 0) {
		r = err_wrap(err, "delete %s %s", vim_kind_name(o->kind), o->name);
		report(vim, events, o->kind, false, EVENT_FAILURE, o->name, err->text);
		return r;
	}
	report(vim, events, o->kind, false, EVENT_SUCCESS, o->name, NULL);
	return 0;
}

/* What stands in the way of the plan goes first, in the reverse order of making. */
static int clear_ground(struct vim *vim, const struct plan *plan, const struct events *events,
			struct err *err)
{
	static const enum vim_kind order[] = {VIM_SERVER, VIM_PORT,   VIM_SUBNET,
					      VIM_IMAGE,  VIM_FLAVOR, VIM_NETWORK};

	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < plan->n; i++) {
			const struct step *s = &plan->v[i];
			if (s->request.kind != order[k] ||
			    (s->action != ACTION_DELETE && s->action != ACTION_REPLACE))
				continue;
			if (deploy_interrupted)
				return interrupted(err);
			int r = destroy(vim, s->present, events, err);
			if (r < 0)
				return r;
		}
	return 0;
}

static bool to_be_made(const struct step *s)
{
	return s->action == ACTION_CREATE || s->action == ACTION_REPLACE;
}

int apply_admit(struct vim *vim, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->request.kind != VIM_SERVER || !to_be_made(s))
			continue;
		struct vim_request *ports = NULL;
		size_t n = 0;
		for (size_t j = 0; j < plan->n; j++)
			for (size_t k = 0; k < s->n_ports; k++)
				if (plan->v[j].request.kind == VIM_PORT &&
				    plan->v[j].action != ACTION_DELETE &&
				    streq(plan->v[j].name, s->port_names[k]))
					*array_push(ports, n) = plan->v[j].request;
		int r = vim->ops->admit(vim, &s->request, ports, n, err);
		free(ports);
		if (r < 0)
			return err_wrap(err, "server %s", s->name);
	}
	return 0;
}

static int make_stage(struct vim *vim, const struct plan *plan, unsigned stage,
		      const struct events *events, struct err *err)
{
	struct vim_request *requests = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->stage != stage || !to_be_made(s))
			continue;
		report(vim, events, s->request.kind, true, EVENT_STARTED, s->name, NULL);
		*array_push(requests, n) = s->request;
	}
	int r = n ? vim->ops->create(vim, requests, n, err) : 0;
	if (r == 0)
		/* A server is only asked for here: VM_DEPLOYED is earned when it is ACTIVE. */
		for (size_t i = 0; i < plan->n; i++) {
			const struct step *s = &plan->v[i];
			if (s->stage == stage && to_be_made(s) && s->request.kind != VIM_SERVER)
				report(vim, events, s->request.kind, true, EVENT_SUCCESS, s->name,
				       s->about);
		}
	free(requests);
	return r;
}

static int make_all(struct vim *vim, const struct plan *plan, const struct events *events,
		    struct err *err)
{
	unsigned last = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].stage > last)
			last = plan->v[i].stage;
	for (unsigned stage = 0; stage <= last; stage++) {
		if (deploy_interrupted)
			return interrupted(err);
		int r = make_stage(vim, plan, stage, events, err);
		if (r < 0)
			return r;
	}
	return alive_wait(vim, plan, events, err);
}

/* Takes away what this run made; what was there before stays. */
static void undo(struct vim *vim, const struct plan *plan, const struct events *events)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free char *prefix = owner_prefix(vim);
	size_t left = 0;

	if (vim->ops->list(vim, NULL, 0, &inventory, &err) < 0) {
		event_note(events, "UNDO", "cannot list what is left: %s; run dnsvnf undeploy",
			   err.text);
		return;
	}
	for (size_t j = 0; j < inventory.n; j++)
		left += is_owned(&inventory.v[j], prefix);
	for (size_t i = plan->n; i-- > 0;) {
		const struct step *s = &plan->v[i];
		if (!to_be_made(s))
			continue;
		for (size_t j = 0; j < inventory.n; j++) {
			const struct vim_object *o = &inventory.v[j];
			bool before = s->present && streq(s->present->id, o->id);
			if (o->kind == s->request.kind && streq(o->owner, s->owner) && !before &&
			    destroy(vim, o, events, &err) == 0)
				left--;
		}
	}
	if (left == 0 && vim->ops->release(vim, &err) < 0)
		event_note(events, "UNDO", "%s; run dnsvnf undeploy", err.text);
}

int apply_plan(struct vim *vim, const struct plan *plan, const struct apply_options *options,
	       const struct events *events, struct err *err)
{
	int r = apply_admit(vim, plan, err);

	if (r < 0)
		return r;
	r = clear_ground(vim, plan, events, err);
	if (r == 0)
		r = make_all(vim, plan, events, err);
	if (r == 0)
		return 0;
	event_report(events, &(struct event){.type = "SERVICE_ALIVE",
					     .status = EVENT_FAILURE,
					     .tenant = vim->tenant,
					     .deployment = vim->deployment,
					     .details = err->text});
	if (r != -EINTR && !options->keep_failed)
		undo(vim, plan, events);
	return r;
}

int apply_undeploy(struct vim *vim, const struct events *events, struct err *err)
{
	static const enum vim_kind order[] = {VIM_SERVER, VIM_PORT,   VIM_SUBNET,
					      VIM_IMAGE,  VIM_FLAVOR, VIM_NETWORK};
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free char *prefix = owner_prefix(vim);
	int first = 0;
	int r = vim->ops->list(vim, NULL, 0, &inventory, err);

	if (r < 0)
		return r;
	/* A thing that cannot be deleted does not keep the others: the first error is told. Only
	 * another dnsvnf at work on the deployment (-EBUSY) keeps them all. */
	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < inventory.n; i++) {
			const struct vim_object *o = &inventory.v[i];
			cleanup_err struct err one = ERR_INIT;
			if (o->kind != order[k] || !is_owned(o, prefix))
				continue;
			if (deploy_interrupted)
				return interrupted(err);
			r = destroy(vim, o, events, &one);
			if (r < 0 && first == 0)
				first = err_set(err, r, "%s", one.text);
			if (r == -EBUSY)
				return r;
		}
	if (first == 0)
		first = vim->ops->release(vim, err);
	if (first == 0)
		event_report(events, &(struct event){.type = "SERVICE_UNDEPLOYED",
						     .status = EVENT_SUCCESS,
						     .tenant = vim->tenant,
						     .deployment = vim->deployment,
						     .object = vim->deployment});
	return first;
}
