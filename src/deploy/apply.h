/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out a plan, and rolls back on failure. */
#pragma once

#include <stdbool.h>

struct deployment;
struct err;
struct model;
struct plan;
struct tenant;
struct vim;
struct vim_inventory;

struct apply_options {
	bool keep_failed; /* leave what was made when a later step fails */
	bool no_rollback; /* leave a server as its failed change left it */
};

/*
 * Lists the VIM's objects and makes the plan. *ret_inventory must outlive the plan; the caller
 * clears both.
 */
int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, const char *replace,
		  struct vim_inventory *ret_inventory, struct plan **ret_plan, struct err *err);

/*
 * Checks that everything used exists, under a name that only one object has. -ENOENT: the error
 * names all that is missing; one image alone is left to admit. -EEXIST: a name is ambiguous.
 */
int apply_find_used(const struct plan *plan, struct err *err);

/*
 * Checks, before anything is created, that all used objects exist (apply_find_used) and that each
 * new server fits.
 */
int apply_admit(struct vim *vim, const struct plan *plan, struct err *err);

/*
 * Refuses (-EPERM), unless force is set, a plan that deletes or changes a server whose host does
 * not carry out what the VIM asks for. If this is not known, a note says so.
 */
int apply_check_hosts(struct vim *vim, const struct plan *plan, bool force, struct err *err);

/*
 * Carries out the plan: first images and flavors; then deletions and new objects; then servers that
 * change, one at a time (deploy/rolling.h); last, deletion of objects that no server uses any more.
 * Waits for each server until it is ACTIVE, answers on its management address (VM_ALIVE) and
 * answers DNS (SERVICE_ALIVE), at most bootup_time. On failure, deletes what this run created in
 * vain, unless keep_failed is set or it was interrupted (-EINTR): then the next deploy completes
 * it. Servers that served before the run, and their working replacements, are kept. -EBUSY: another
 * dnsvnf is running; ERR_NO_CAPACITY: no host accepted a server.
 */
int apply_plan(struct vim *vim, const struct plan *plan, const struct apply_options *options,
	       struct err *err);

/*
 * Lists what is marked as this deployment's, as a plan that deletes it; n is 0: there is nothing.
 * *ret_inventory must outlive the plan; the caller clears both.
 */
int undeploy_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		     const struct deployment *deployment, struct vim_inventory *ret_inventory,
		     struct plan **ret_plan, struct err *err);

/* Carries out the plan of undeploy_prepare, servers first, and removes what appeared since. */
int apply_undeploy(struct vim *vim, const struct plan *plan, struct err *err);
