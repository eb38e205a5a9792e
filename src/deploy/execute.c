// SPDX-License-Identifier: Apache-2.0
#include "deploy/execute.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "deploy/plan.h"

/* ESC's event names; for ports, flavors and servers, names in the same style. */
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

/* A call of create or destroy; maps its indices to steps. */
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

	/* create only requests a server: VM_DEPLOYED is reported when it is ACTIVE. */
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

/* stays (may be NULL) marks the objects that are kept because others use them. */
static int destroy(struct vim *vim, const struct vim_object *const *objects, size_t n, bool *stays,
		   struct err *err)
{
	struct work work = {.vim = vim, .objects = objects, .stays = stays};
	const struct vim_watch watch = {report, &work};

	return n ? vim->ops->destroy(vim, objects, n, &watch, err) : 0;
}

int execute_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		    struct err *err)
{
	return destroy(vim, objects, n, NULL, err);
}

int execute_delete(struct vim *vim, const struct plan *plan, const bool *which, struct err *err)
{
	cleanup_free const struct vim_object **objects = NULL;
	cleanup_free const struct step **steps = NULL;
	size_t n = 0, n_steps = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (!which[i] || (s->action != ACTION_DELETE && s->action != ACTION_REPLACE))
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
				"%s \"%s\" must be replaced (%s), but others use it: remove their "
				"ports from it, or rename it in the descriptor",
				vim_kind_name(objects[i]->kind), objects[i]->name, steps[i]->why);
	return r;
}

/* The requests of one call of create. */
struct requests {
	struct vim_request *v;
	const struct step **steps;
	size_t n;
	size_t *needs; /* of all of them, concatenated */
};

static void requests_clear(struct requests *r)
{
	free_all(r->v, r->steps, r->needs);
}

/* A step refers to others by index in the plan, a request by index in the call. */
static void gather(const struct plan *plan, const bool *which, struct requests *ret)
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
		if (!which[i] || !step_makes(s))
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

int execute_create(struct vim *vim, const struct plan *plan, const bool *which, struct err *err)
{
	__attribute__((__cleanup__(requests_clear))) struct requests requests = {0};

	gather(plan, which, &requests);
	struct work work = {.vim = vim, .steps = requests.steps};
	const struct vim_watch watch = {report, &work};
	if (requests.n == 0)
		return 0;
	if (run_interrupted(vim->run))
		return err_set(err, INTERRUPTED, "interrupted");
	return vim->ops->create(vim, requests.v, requests.n, &watch, err);
}
