/* SPDX-License-Identifier: Apache-2.0 */
/* Private to plan.c and plan_decide.c. */
#pragma once

#include "deploy/plan.h"

struct planner {
	struct plan *plan;
	const struct vim_inventory *inventory;
	const struct tenant *tenant;
	const struct deployment *deployment;
	const char *replace; /* the only server to change, by making it anew; NULL: none */
};

/* The mark of a role's object; with the role "", what all marks of the deployment begin with. The
 * caller frees. */
char *plan_owner_mark(const struct planner *p, const char *role);

/* The existing object of that kind and mark, or NULL. */
const struct vim_object *plan_find_owned(const struct planner *p, enum vim_kind kind,
					 const char *owner);

/*
 * Sets action, present, changes and why of each step, by the object that exists and then by the
 * steps that it depends on. Steps must be in the order of their stages.
 */
void plan_decide(const struct planner *p);

/* If networks are deleted before others are created: servers and their ports are replaced instead
 * of changed. */
void plan_keep_no_server(struct plan *plan);

/* Sets the port changes of the servers, and the reasons of those whose own request differs. The
 * steps do not move any more. */
void plan_set_changes(struct plan *plan);
