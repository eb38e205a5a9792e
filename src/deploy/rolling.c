// SPDX-License-Identifier: Apache-2.0
#include "deploy/execute.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "deploy/alive.h"
#include "deploy/plan.h"
#include "lifecycle/roll.h"

struct rolling {
	struct vim *vim;
	const struct plan *plan;
	struct roll_vm *vms;         /* the servers of the plan */
	const struct step **servers; /* their steps */
	size_t n;
	size_t changing, changed; /* number of servers to change, and changed */
	bool no_rollback;
	bool *settled;
};

static size_t number_of(const struct rolling *r, const struct step *s)
{
	return (size_t)(s - r->plan->v);
}

static void observe(struct rolling *r)
{
	cleanup_free size_t *sets = xcalloc(r->plan->n, sizeof(*sets));

	plan_sets(r->plan, sets);
	r->vms = xcalloc(r->plan->n, sizeof(*r->vms));
	r->servers = xcalloc(r->plan->n, sizeof(*r->servers));
	for (size_t i = 0; i < r->plan->n; i++) {
		const struct step *s = &r->plan->v[i];
		if (s->request.kind != VIM_SERVER || s->action == ACTION_DELETE)
			continue;
		bool changes = s->phase == PHASE_ROLL;
		r->changing += changes;
		r->servers[r->n] = s;
		r->vms[r->n++] = (struct roll_vm){.set = sets[i],
						  .state = changes ? ROLL_PENDING : ROLL_KEEP};
	}
	for (size_t i = 0; i < r->n && r->changing; i++) {
		const struct vim_object *there = r->servers[i]->present;
		/* A run that was killed may have asked for its change. */
		if (r->vms[i].state == ROLL_KEEP && there && there->state == VIM_STATE_BUSY)
			(void)alive_wait_server(r->vim, r->plan, r->servers[i], false, NULL);
		r->vms[i].serves = alive_serves(r->vim, r->plan, r->servers[i]);
	}
}

/* Whether it answered before its change. */
static bool served(const struct rolling *r, const struct step *server)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->servers[i] == server)
			return r->vms[i].serves == TRI_YES;
	return false;
}

/* Deletes and creates the server, with its changed ports. */
static int replace(const struct rolling *r, const struct step *server, struct err *err)
{
	cleanup_free bool *which = xcalloc(r->plan->n, sizeof(*which));

	for (size_t i = 0; i < r->plan->n; i++)
		which[i] = r->plan->v[i].phase == PHASE_ROLL &&
			   r->plan->v[i].unit == number_of(r, server);
	int result = execute_delete(r->vim, r->plan, which, err);
	return result < 0 ? result : execute_create(r->vim, r->plan, which, err);
}

/* After a change that failed with err: rolls back and waits until the server serves again. */
static int go_back(struct rolling *r, const struct step *server, struct err *err)
{
	cleanup_err struct err back = ERR_INIT;

	event_note(r->vim->run, "ROLLBACK", "rolling back server %s: %s", server->name, err->text);
	int result = r->vim->ops->settle(r->vim, server->present, &server->request, false, &back);
	if (result == 0)
		result = alive_wait_server(r->vim, r->plan, server, served(r, server), &back);
	if (result == 0) {
		event_note(r->vim->run, "ROLLBACK",
			   "server %s serves again with its old configuration", server->name);
		r->settled[number_of(r, server)] = false;
	}
	return result == 0 ? err_wrap(err, "server \"%s\" was rolled back and serves", server->name)
			   : err_wrap(err,
				      "server \"%s\" could not be rolled back (%s): run 'dnsvnf "
				      "deploy' with the previous descriptor and day-0",
				      server->name, back.text);
}

static int change_in_place(struct rolling *r, const struct step *server, struct err *err)
{
	const struct vim_ops *ops = r->vim->ops;
	const char *no_way = step_no_way_back(server);
	int result = ops->change(r->vim, server->present, &server->request, server->changes, err);

	if (result == 0)
		result = alive_wait_server(r->vim, r->plan, server, served(r, server), err);
	if (result == 0)
		return ops->settle(r->vim, server->present, &server->request, true, err);
	/* The next deploy completes an interrupted change. */
	if (result == -EINTR || r->no_rollback)
		return result;
	if (!no_way)
		return go_back(r, server, err);
	if (server->changes == VIM_CHANGE_DISK)
		(void)ops->settle(r->vim, server->present, &server->request, true, NULL);
	return err_wrap(err,
			"server \"%s\" is left as it is, because %s: correct the descriptor or its "
			"day-0, then run 'dnsvnf deploy'",
			server->name, no_way);
}

static int replace_and_wait(const struct rolling *r, const struct step *server, struct err *err)
{
	int result = replace(r, server, err);

	if (result == 0)
		result = alive_wait_server(r->vim, r->plan, server, served(r, server), err);
	return result;
}

/* Reports before the change if it cannot be rolled back. */
static void announce(const struct rolling *r, const struct step *server)
{
	const char *no_way = r->no_rollback ? "--no-rollback" : step_no_way_back(server);

	event_note(r->vim->run, "ROLL", "server %s, %zu of %zu: %s; %s%s", server->name,
		   r->changed + 1, r->changing, server->why,
		   no_way ? "no rollback if it fails: " : "rolled back if it fails",
		   no_way ? no_way : "");
}

static int change(struct rolling *r, size_t vm, struct err *err)
{
	const struct step *server = r->servers[vm];

	announce(r, server);
	/* Its new dependencies are kept unless it is rolled back. */
	r->settled[number_of(r, server)] = server->action == ACTION_CHANGE;
	r->vms[vm].state = ROLL_CHANGING;
	int result = server->action == ACTION_CHANGE ? change_in_place(r, server, err)
						     : replace_and_wait(r, server, err);
	if (result < 0) {
		r->vms[vm].state = ROLL_FAILED;
		return r->changing > 1
			       ? err_wrap(err, "%zu of %zu servers changed, then one failed",
					  r->changed, r->changing)
			       : result;
	}
	r->vms[vm].state = ROLL_CHANGED;
	r->vms[vm].serves = TRI_YES;
	r->settled[number_of(r, server)] = true;
	r->changed++;
	return 0;
}

/* A single query may have been lost. */
static int look_again(struct rolling *r, const struct roll *next, struct err *err)
{
	r->vms[next->peer].serves = alive_serves(r->vim, r->plan, r->servers[next->peer]);
	if (r->vms[next->peer].serves != TRI_NO)
		return 0;
	return err_code(err, FAILED, EAGAIN,
			"server \"%s\" is not changed, because its redundant server \"%s\" does "
			"not serve: repair that one first, or change all at once with --at-once "
			"(%zu of %zu servers changed)",
			r->servers[next->vm]->name, r->servers[next->peer]->name, r->changed,
			r->changing);
}

int rolling_apply(struct vim *vim, const struct plan *plan, bool no_rollback, bool *ret_settled,
		  struct err *err)
{
	struct rolling r = {
		.vim = vim, .plan = plan, .no_rollback = no_rollback, .settled = ret_settled};
	int result = 0;

	observe(&r);
	for (bool on = true; on && result == 0;) {
		struct roll next = roll_next(r.vms, r.n);
		if (run_interrupted(vim->run)) {
			result = err_set(err, INTERRUPTED, "interrupted");
			break;
		}
		switch (next.verdict) {
		case ROLL_START:
			result = change(&r, next.vm, err);
			break;
		case ROLL_HOLD:
			result = look_again(&r, &next, err);
			break;
		case ROLL_WAIT: /* change() returns when it serves */
		case ROLL_STOP:
		case ROLL_DONE:
			on = false;
			break;
		}
	}
	free_all(r.vms, r.servers);
	return result;
}
