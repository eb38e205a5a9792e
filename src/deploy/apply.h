/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a plan out and undoes what it made when that fails. */
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
 * Asks the VIM what is there and plans from it. *ret_inventory must outlive the plan; the caller
 * clears both.
 */
int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, struct vim_inventory *ret_inventory,
		  struct plan **ret_plan, struct err *err);

/*
 * Is there what the plan uses, and would each server that is to be made fit? Asked before anything
 * is made. -ENOENT: something used is not there; -EEXIST: its name is ambiguous.
 */
int apply_admit(struct vim *vim, const struct plan *plan, struct err *err);

/*
 * Carries the plan out. Images and flavors first; then what goes and what is new; then the servers
 * that change, one at a time (deploy/rolling.h); what no server uses any more last. Each server is
 * waited for until it is ACTIVE, answers on its management address (VM_ALIVE) and answers DNS
 * (SERVICE_ALIVE), at most bootup_time. On failure what this run made in vain is undone, unless
 * asked to keep it or interrupted (-EINTR): then the next deploy finishes it. What served before
 * the run, and what serves in its place, stays. -EBUSY: another dnsvnf is at work; ERR_NO_CAPACITY:
 * no host took a server.
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
