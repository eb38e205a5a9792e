// SPDX-License-Identifier: Apache-2.0
#include "deploy/apply.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "deploy/alive.h"
#include "deploy/execute.h"
#include "deploy/plan.h"

#define PROOF_ROUNDS 3

int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, const char *replace,
		  struct vim_inventory *ret_inventory, struct plan **ret_plan, struct err *err)
{
	cleanup_free struct vim_reference *references = NULL;
	size_t n;

	plan_references(model, deployment, &references, &n);
	int r = vim->ops->list(vim, references, n, ret_inventory, err);
	if (r < 0)
		return r;
	return plan_make(model, tenant, deployment, ret_inventory, replace, ret_plan, err);
}

static int stop_interrupted(struct err *err)
{
	return err_set(err, INTERRUPTED, "interrupted");
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

/* Sets up links that were left down, once their servers exist. */
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
			return err_wrap(err, "port %s: setting its link up", s->name);
		event_note(vim->run, "UPDATE", "port %s: link up: %s", s->name, s->why);
	}
	return 0;
}

/* Used, and neither in the VIM nor to be uploaded. A subnet is found with its network. */
static bool is_missing(const struct step *s)
{
	if (s->request.kind == VIM_IMAGE && s->action == ACTION_CREATE)
		return !s->request.image->src;
	return s->action == ACTION_USE && !s->present && s->request.kind != VIM_SUBNET;
}

int apply_find_used(const struct plan *plan, struct err *err)
{
	cleanup_strbuf struct strbuf missing = {0};
	size_t n = 0;
	bool image = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		const char *kind = vim_kind_name(s->request.kind);
		if (s->action == ACTION_USE && s->second)
			return err_code(err, INVALID, EEXIST,
					"two %ss are named \"%s\" in the VIM, and dnsvnf created "
					"neither: select one by its id, %s or %s",
					kind, s->name, s->present->id, s->second->id);
		if (!is_missing(s))
			continue;
		strbuf_addf(&missing, "%s%s \"%s\"", n++ ? ", " : "", kind, s->name);
		image = s->request.kind == VIM_IMAGE;
	}
	/* For an image alone, admit() of the VIM has the better message. */
	if (n == 0 || (n == 1 && image))
		return 0;
	return err_set(err, NOT_FOUND,
		       "%s not found: define %s in the descriptor, or check that %s in the VIM and "
		       "that these credentials can see %s",
		       missing.s, plural(n, "it", "them"), plural(n, "it exists", "they exist"),
		       plural(n, "it", "them"));
}

int apply_admit(struct vim *vim, const struct plan *plan, struct err *err)
{
	int r = apply_find_used(plan, err);

	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		cleanup_free struct vim_request *ports = NULL;
		size_t n = 0;
		if (s->request.kind != VIM_SERVER || (!step_makes(s) && s->action != ACTION_CHANGE))
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

int apply_check_hosts(struct vim *vim, const struct plan *plan, bool force, struct err *err)
{
	cleanup_strbuf struct strbuf down = {0};

	for (size_t i = 0; i < plan->n && vim->ops->host_up; i++) {
		const struct step *s = &plan->v[i];
		cleanup_free char *why = NULL;
		enum tristate up = TRI_YES;
		if (!step_interrupts(s))
			continue;
		int r = vim->ops->host_up(vim, s->present, &up, &why, err);
		if (r < 0)
			return err_wrap(err, "server %s", s->name);
		if (up == TRI_UNKNOWN || (up == TRI_NO && force))
			event_note(vim->run, "HOST", "server %s: %s%s", s->name, why,
				   up == TRI_NO ? " (--force)" : "");
		else if (up == TRI_NO)
			strbuf_addf(&down, "%sserver \"%s\": %s", down.len ? "; " : "", s->name,
				    why);
	}
	return down.len ? err_set(err, REFUSED,
				  "%s: Nova would only change its record, and the guest would go "
				  "on running there with its VFs, MACs and addresses: start the "
				  "service, or make sure that the host is off and give --force",
				  down.s)
			: 0;
}

static bool *select_steps(const struct plan *plan, enum phase phase)
{
	bool *which = xcalloc(plan->n, sizeof(*which));

	for (size_t i = 0; i < plan->n; i++)
		which[i] = plan->v[i].phase == phase;
	return which;
}

static int carry_out(struct vim *vim, const struct plan *plan, enum phase phase, struct err *err)
{
	cleanup_free bool *which = select_steps(plan, phase);
	int r = execute_delete(vim, plan, which, err);

	if (r == 0 && phase == PHASE_MAIN)
		r = update(vim, plan, err);
	return r < 0 ? r : execute_create(vim, plan, which, err);
}

/* Waits for the kept servers, or for the created ones. */
static int wait_for(struct vim *vim, const struct plan *plan, bool made, bool *settled,
		    struct err *err)
{
	cleanup_free bool *which = xcalloc(plan->n, sizeof(*which));

	for (size_t i = 0; i < plan->n; i++)
		which[i] = plan->v[i].phase == PHASE_MAIN && step_makes(&plan->v[i]) == made;
	int r = alive_wait(vim, plan, which, err);
	for (size_t i = 0; i < plan->n && r == 0; i++)
		settled[i] = settled[i] || which[i];
	return r;
}

/* Nothing exists yet, so everything can be created concurrently. */
static int make_at_once(struct vim *vim, const struct plan *plan, struct err *err)
{
	cleanup_free bool *all = xcalloc(plan->n, sizeof(*all));

	for (size_t i = 0; i < plan->n; i++)
		all[i] = true;
	int r = update(vim, plan, err);
	return r < 0 ? r : execute_create(vim, plan, all, err);
}

static int make_all(struct vim *vim, const struct plan *plan, const struct apply_options *options,
		    bool *settled, struct err *err)
{
	bool fresh = plan_count(plan, ACTION_REPLACE) + plan_count(plan, ACTION_CHANGE) +
			     plan_count(plan, ACTION_DELETE) ==
		     0;
	int r = fresh ? make_at_once(vim, plan, err) : carry_out(vim, plan, PHASE_EARLY, err);

	if (r == 0 && !fresh)
		r = carry_out(vim, plan, PHASE_MAIN, err);
	if (r == 0)
		r = set_links(vim, plan, err);
	/* An added server is redundant to those that change. */
	if (r == 0)
		r = wait_for(vim, plan, true, settled, err);
	if (r == 0 && !fresh)
		r = rolling_apply(vim, plan, options->no_rollback, settled, err);
	if (r == 0 && !fresh)
		r = carry_out(vim, plan, PHASE_LATE, err);
	return r < 0 || plan->replaces ? r : wait_for(vim, plan, false, settled, err);
}

/* Was the old object deleted? Then its replacement is the only one. */
static bool is_lost(const struct step *s, const struct vim_inventory *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (s->present && streq(now->v[i].id, s->present->id))
			return false;
	return s->present != NULL;
}

/* Settled: a server that serves with all its dependencies, and replacements of deleted objects. */
static void settle(const struct plan *plan, const struct vim_inventory *now, bool *settled)
{
	for (size_t i = plan->n; i-- > 0;) {
		const struct step *s = &plan->v[i];
		if (s->action == ACTION_REPLACE && is_lost(s, now))
			settled[i] = true;
		for (size_t k = 0; k < s->n_needs && settled[i]; k++)
			settled[s->needs[k]] = true;
	}
}

/* Was it created by this run without use? An older object has another id. */
static bool made_in_vain(const struct plan *plan, const bool *settled, const struct vim_object *o)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (step_makes(s) && o->kind == s->request.kind && streq(o->owner, s->owner))
			return !settled[i] && (!s->present || !streq(s->present->id, o->id));
	}
	return false;
}

/* Deletes what this run created without use; older objects and those that serve are kept. */
static void undo(struct vim *vim, const struct plan *plan, bool *settled)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free const struct vim_object **objects = NULL;
	size_t owned = 0, n = 0;

	if (vim->ops->list(vim, NULL, 0, &inventory, &err) < 0) {
		event_note(vim->run, "UNDO",
			   "cannot list the remaining resources: %s; run 'dnsvnf undeploy'",
			   err.text);
		return;
	}
	settle(plan, &inventory, settled);
	for (size_t i = 0; i < inventory.n; i++) {
		owned += vim_object_is_of(&inventory.v[i], vim);
		if (made_in_vain(plan, settled, &inventory.v[i]))
			*array_push(objects, n) = &inventory.v[i];
	}
	int r = execute_destroy(vim, objects, n, &err);
	if (r == 0 && owned == n)
		r = vim->ops->release(vim, &err);
	if (r < 0)
		event_note(vim->run, "UNDO", "%s; run 'dnsvnf undeploy'", err.text);
}

int apply_plan(struct vim *vim, const struct plan *plan, const struct apply_options *options,
	       struct err *err)
{
	cleanup_free bool *settled = xcalloc(plan->n, sizeof(*settled));
	int r = apply_admit(vim, plan, err);

	if (r < 0)
		return r;
	r = make_all(vim, plan, options, settled, err);
	if (r == 0)
		return 0;
	event_report(vim->run, &(struct event){.type = "SERVICE_ALIVE",
					       .status = EVENT_FAILURE,
					       .tenant = vim->tenant,
					       .deployment = vim->deployment,
					       .details = err->text});
	if (r != -EINTR && r != -EBUSY && !options->keep_failed)
		undo(vim, plan, settled);
	return r;
}

/* All objects of this deployment in the VIM. */
static int list_owned(struct vim *vim, struct vim_inventory *inventory,
		      const struct vim_object ***ret, size_t *ret_n, struct err *err)
{
	int r = vim->ops->list(vim, NULL, 0, inventory, err);

	for (size_t i = 0; i < inventory->n && r == 0; i++)
		if (vim_object_is_of(&inventory->v[i], vim))
			*array_push(*ret, *ret_n) = &inventory->v[i];
	return r;
}

/* Only objects that others can use may be kept: networks with their subnets. */
static bool may_stay(const struct vim_object *o)
{
	return o->kind == VIM_NETWORK || o->kind == VIM_SUBNET;
}

/*
 * Lists again to prove that nothing is left. Objects that appeared meanwhile, requested by a killed
 * run, are deleted too. *ret_left lists what is kept, or is NULL.
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
			return err_set(
				err, FAILED,
				"still exists after deletion: %s; run 'dnsvnf undeploy' again",
				left.s);
		r = execute_destroy(vim, objects, n, err);
		if (r < 0)
			return r;
	}
}

int undeploy_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		     const struct deployment *deployment, struct vim_inventory *ret_inventory,
		     struct plan **ret_plan, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	int r = vim->ops->list(vim, NULL, 0, ret_inventory, &why);

	if (r < 0 && r != -EBADMSG) /* apply_undeploy reports it, after the others are gone */
		return err_copy(err, &why);
	*ret_plan = plan_undeploy(model, tenant, deployment, ret_inventory);
	return 0;
}

int apply_undeploy(struct vim *vim, const struct plan *plan, struct err *err)
{
	cleanup_free const struct vim_object **objects = NULL;
	cleanup_free char *left = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		*array_push(objects, n) = plan->v[i].present;
	int r = execute_destroy(vim, objects, n, err);
	if (r == 0)
		r = prove_gone(vim, &left, err);
	if (r == 0 && !left)
		r = vim->ops->release(vim, err);
	if (r < 0)
		return r;
	cleanup_free char *details = left ? xasprintf("kept: %s", left) : NULL;
	event_report(vim->run, &(struct event){.type = "SERVICE_UNDEPLOYED",
					       .status = EVENT_SUCCESS,
					       .tenant = vim->tenant,
					       .deployment = vim->deployment,
					       .object = vim->deployment,
					       .details = details});
	return 0;
}
