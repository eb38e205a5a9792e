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

#define PROOF_ROUNDS 3

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
	case VIM_SERVER_GROUP:
		return make ? "CREATE_SERVER_GROUP" : "DELETE_SERVER_GROUP";
	case VIM_PORT:
		return make ? "CREATE_PORT" : "DELETE_PORT";
	case VIM_SERVER:
		return make ? "VM_DEPLOYED" : "VM_UNDEPLOYED";
	}
	return "?";
}

/* A call of create or destroy: what its numbers stand for. */
struct work {
	const struct vim *vim;
	const struct step *const *steps;         /* of create, else NULL */
	const struct vim_object *const *objects; /* of destroy, else NULL */
	bool *stays;                             /* of destroy: others use it; or NULL */
};

static void report(void *data, size_t i, enum event_status status, const char *details,
		   uint64_t done, uint64_t total)
{
	const struct work *w = data;
	bool make = w->steps != NULL;
	enum vim_kind kind = make ? w->steps[i]->request.kind : w->objects[i]->kind;

	/* A server is only asked for by create: VM_DEPLOYED is earned when it is ACTIVE. */
	if (make && kind == VIM_SERVER && status == EVENT_SUCCESS)
		return;
	if (!make && w->stays && status == EVENT_NOTE)
		w->stays[i] = true;
	event_report(w->vim->run, &(struct event){
					  .type = event_type(kind, make),
					  .status = status,
					  .tenant = w->vim->tenant,
					  .deployment = w->vim->deployment,
					  .object = make ? w->steps[i]->name : w->objects[i]->name,
					  .details = details || !make || status != EVENT_SUCCESS
							     ? details
							     : w->steps[i]->about,
					  .done = done,
					  .total = total,
					  .unit = "B",
				  });
}

int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, struct vim_inventory *ret_inventory,
		  struct plan **ret_plan, struct err *err)
{
	cleanup_free struct vim_reference *references = NULL;
	size_t n;

	plan_references(model, deployment, &references, &n);
	int r = vim->ops->list(vim, references, n, ret_inventory, err);
	if (r < 0)
		return r;
	return plan_make(model, tenant, deployment, ret_inventory, ret_plan, err);
}

static int stop_interrupted(struct err *err)
{
	return err_set(err, INTERRUPTED, "interrupted");
}

/* stays (may be NULL) says which of the objects are left because others use them. */
static int destroy(struct vim *vim, const struct vim_object *const *objects, size_t n, bool *stays,
		   struct err *err)
{
	struct work work = {.vim = vim, .objects = objects, .stays = stays};
	const struct vim_watch watch = {report, &work};

	return n ? vim->ops->destroy(vim, objects, n, &watch, err) : 0;
}

/* What stands in the way of the plan. */
static int clear_ground(struct vim *vim, const struct plan *plan, struct err *err)
{
	cleanup_free const struct vim_object **objects = NULL;
	cleanup_free const struct step **steps = NULL;
	size_t n = 0, n_steps = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->action != ACTION_DELETE && s->action != ACTION_REPLACE)
			continue;
		*array_push(objects, n) = s->present;
		*array_push(steps, n_steps) = s;
	}
	cleanup_free bool *stays = xcalloc(n, sizeof(*stays));
	int r = destroy(vim, objects, n, stays, err);
	for (size_t i = 0; i < n && r == 0; i++)
		if (stays[i] && steps[i]->action == ACTION_REPLACE)
			return err_code(
				err, INVALID, EEXIST,
				"%s \"%s\" must be replaced (%s), and others use it: remove their "
				"ports from it, or rename it in the descriptor",
				vim_kind_name(objects[i]->kind), objects[i]->name, steps[i]->why);
	return r;
}

static int update(struct vim *vim, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->action != ACTION_UPDATE || s->set_link)
			continue;
		if (run_interrupted(vim->run))
			return stop_interrupted(err);
		int r = vim->ops->update(vim, s->present, &s->request, err);
		if (r < 0)
			return err_wrap(err, "update %s %s", vim_kind_name(s->request.kind),
					s->name);
		event_note(vim->run, "UPDATE", "%s %s: %s", vim_kind_name(s->request.kind), s->name,
			   s->why);
	}
	return 0;
}

static const char *server_of(const struct plan *plan, const struct step *port)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].request.kind == VIM_SERVER &&
		    step_needs(&plan->v[i], (size_t)(port - plan->v)))
			return plan->v[i].name;
	return NULL;
}

/* Links that were left down, when their servers are there. */
static int set_links(struct vim *vim, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->action != ACTION_UPDATE || !s->set_link)
			continue;
		if (run_interrupted(vim->run))
			return stop_interrupted(err);
		int r = vim->ops->set_link(vim, server_of(plan, s), s->name, true, err);
		if (r < 0)
			return err_wrap(err, "port %s, whose link is to come up", s->name);
		event_note(vim->run, "UPDATE", "port %s: link up: %s", s->name, s->why);
	}
	return 0;
}

static bool to_be_made(const struct step *s)
{
	return s->action == ACTION_CREATE || s->action == ACTION_REPLACE;
}

/* Everything used has to be there, under a name that only one thing has. */
static int find_used(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		/* A subnet goes with its network: that is named, and the port's request finds it.
		 */
		if (s->action != ACTION_USE || s->request.kind == VIM_SUBNET)
			continue;
		const char *kind = vim_kind_name(s->request.kind);
		if (s->second)
			return err_code(err, INVALID, EEXIST,
					"two %ss are named \"%s\" in the VIM, and dnsvnf made "
					"neither: name the one to use by its id, %s or %s",
					kind, s->name, s->present->id, s->second->id);
		/* Of an image the VIM knows better where it could come from (admit). */
		if (!s->present && s->request.kind != VIM_IMAGE)
			return err_set(
				err, NOT_FOUND,
				"%s \"%s\" not found: define it in the descriptor, or check that "
				"it exists in the VIM and that these credentials can see it",
				kind, s->name);
	}
	return 0;
}

int apply_admit(struct vim *vim, const struct plan *plan, struct err *err)
{
	int r = find_used(plan, err);

	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		cleanup_free struct vim_request *ports = NULL;
		size_t n = 0;
		if (s->request.kind != VIM_SERVER || !to_be_made(s))
			continue;
		for (size_t j = 0; j < s->n_needs; j++)
			if (plan->v[s->needs[j]].request.kind == VIM_PORT)
				*array_push(ports, n) = plan->v[s->needs[j]].request;
		r = vim->ops->admit(vim, &s->request, ports, n, err);
		if (r < 0)
			err_wrap(err, "server %s", s->name);
	}
	return r;
}

/*
 * Can it be made while what the plan replaces still serves? An image is uploaded before the old
 * server goes, so that the outage is a reboot's. Networks, ports and servers may want the VLAN,
 * address or VF of one that goes.
 */
static bool is_early(const struct step *s)
{
	return s->action == ACTION_CREATE &&
	       (s->request.kind == VIM_IMAGE || s->request.kind == VIM_FLAVOR);
}

enum part { PART_EARLY, PART_REST, PART_ALL };

/* The requests of one call of create. */
struct requests {
	struct vim_request *v;
	const struct step **steps;
	size_t n;
	size_t *needs; /* of all of them, one after the other */
};

static void requests_clear(struct requests *r)
{
	free(r->v);
	free(r->steps);
	free(r->needs);
}

/* A step needs others by their numbers in the plan, a request by those in the call. */
static void gather(const struct plan *plan, enum part part, struct requests *ret)
{
	const size_t none = plan->n;
	cleanup_free size_t *number = xcalloc(plan->n, sizeof(*number));
	size_t n_needs = 0;

	for (size_t i = 0; i < plan->n; i++)
		n_needs += plan->v[i].n_needs;
	*ret = (struct requests){.v = xcalloc(plan->n, sizeof(*ret->v)),
				 .steps = xcalloc(plan->n, sizeof(*ret->steps)),
				 .needs = xcalloc(n_needs, sizeof(*ret->needs))};
	size_t *next = ret->needs;
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		number[i] = none;
		if (!to_be_made(s) || (part != PART_ALL && is_early(s) != (part == PART_EARLY)))
			continue;
		struct vim_request *request = &ret->v[ret->n];
		*request = s->request;
		request->needs = next;
		for (size_t k = 0; k < s->n_needs; k++)
			if (number[s->needs[k]] != none)
				*next++ = number[s->needs[k]];
		request->n_needs = (size_t)(next - request->needs);
		number[i] = ret->n;
		ret->steps[ret->n++] = s;
	}
}

static int make(struct vim *vim, const struct plan *plan, enum part part, struct err *err)
{
	__attribute__((__cleanup__(requests_clear))) struct requests requests = {0};

	gather(plan, part, &requests);
	struct work work = {.vim = vim, .steps = requests.steps};
	const struct vim_watch watch = {report, &work};
	if (requests.n == 0)
		return 0;
	if (run_interrupted(vim->run))
		return stop_interrupted(err);
	return vim->ops->create(vim, requests.v, requests.n, &watch, err);
}

static int make_all(struct vim *vim, const struct plan *plan, struct err *err)
{
	bool fresh = plan_count(plan, ACTION_REPLACE) + plan_count(plan, ACTION_DELETE) == 0;
	int r = fresh ? 0 : make(vim, plan, PART_EARLY, err);

	if (r == 0)
		r = clear_ground(vim, plan, err);
	if (r == 0)
		r = update(vim, plan, err);
	if (r == 0)
		r = make(vim, plan, fresh ? PART_ALL : PART_REST, err);
	if (r == 0)
		r = set_links(vim, plan, err);
	return r < 0 ? r : alive_wait(vim, plan, err);
}

/* Was it made by this run? What was there before has another id. */
static bool made_now(const struct plan *plan, const struct vim_object *o)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (to_be_made(s) && o->kind == s->request.kind && streq(o->owner, s->owner))
			return !s->present || !streq(s->present->id, o->id);
	}
	return false;
}

/* Takes away what this run made; what was there before stays. */
static void undo(struct vim *vim, const struct plan *plan)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free const struct vim_object **objects = NULL;
	size_t owned = 0, n = 0;

	if (vim->ops->list(vim, NULL, 0, &inventory, &err) < 0) {
		event_note(vim->run, "UNDO", "cannot list what is left: %s; run dnsvnf undeploy",
			   err.text);
		return;
	}
	for (size_t i = 0; i < inventory.n; i++) {
		owned += vim_object_is_of(&inventory.v[i], vim);
		if (made_now(plan, &inventory.v[i]))
			*array_push(objects, n) = &inventory.v[i];
	}
	int r = destroy(vim, objects, n, NULL, &err);
	if (r == 0 && owned == n)
		r = vim->ops->release(vim, &err);
	if (r < 0)
		event_note(vim->run, "UNDO", "%s; run dnsvnf undeploy", err.text);
}

int apply_plan(struct vim *vim, const struct plan *plan, const struct apply_options *options,
	       struct err *err)
{
	int r = apply_admit(vim, plan, err);

	if (r < 0)
		return r;
	r = make_all(vim, plan, err);
	if (r == 0)
		return 0;
	event_report(vim->run, &(struct event){.type = "SERVICE_ALIVE",
					       .status = EVENT_FAILURE,
					       .tenant = vim->tenant,
					       .deployment = vim->deployment,
					       .details = err->text});
	if (r != -EINTR && r != -EBUSY && !options->keep_failed)
		undo(vim, plan);
	return r;
}

/* Everything of this deployment that the VIM lists. */
static int list_owned(struct vim *vim, struct vim_inventory *inventory,
		      const struct vim_object ***ret, size_t *ret_n, struct err *err)
{
	int r = vim->ops->list(vim, NULL, 0, inventory, err);

	for (size_t i = 0; i < inventory->n && r == 0; i++)
		if (vim_object_is_of(&inventory->v[i], vim))
			*array_push(*ret, *ret_n) = &inventory->v[i];
	return r;
}

/* Only what others can use may stay: networks, with their subnets. */
static bool may_stay(const struct vim_object *o)
{
	return o->kind == VIM_NETWORK || o->kind == VIM_SUBNET;
}

/*
 * Lists again, which is the proof that nothing is left. What appeared meanwhile, asked for by a run
 * that was killed, goes too. *ret_left names what stays, or is NULL.
 */
static int prove_gone(struct vim *vim, char **ret_left, struct err *err)
{
	for (int round = 0;; round++) {
		cleanup_inventory struct vim_inventory inventory = {0};
		cleanup_free const struct vim_object **objects = NULL;
		cleanup_strbuf struct strbuf left = {0};
		size_t n = 0;
		bool late = false;
		int r = list_owned(vim, &inventory, &objects, &n, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			late = late || !may_stay(objects[i]);
			strbuf_addf(&left, "%s%s %s", left.len ? ", " : "",
				    vim_kind_name(objects[i]->kind), objects[i]->name);
		}
		if (!late) {
			*ret_left = left.len ? strbuf_steal(&left) : NULL;
			return 0;
		}
		if (round == PROOF_ROUNDS)
			return err_set(err, FAILED,
				       "still there after deletion: %s; run dnsvnf undeploy again",
				       left.s);
		r = destroy(vim, objects, n, NULL, err);
		if (r < 0)
			return r;
	}
}

int apply_undeploy(struct vim *vim, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free const struct vim_object **objects = NULL;
	cleanup_free char *left = NULL;
	size_t n = 0;
	int r = list_owned(vim, &inventory, &objects, &n, err);

	if (r == 0)
		r = destroy(vim, objects, n, NULL, err);
	if (r == 0 && n > 0)
		r = prove_gone(vim, &left, err);
	if (r == 0 && !left)
		r = vim->ops->release(vim, err);
	if (r < 0)
		return r;
	cleanup_free char *details = left ? xasprintf("stays: %s", left) : NULL;
	event_report(vim->run, &(struct event){.type = "SERVICE_UNDEPLOYED",
					       .status = EVENT_SUCCESS,
					       .tenant = vim->tenant,
					       .deployment = vim->deployment,
					       .object = vim->deployment,
					       .details = details});
	return 0;
}
