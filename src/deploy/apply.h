/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a plan out and undoes what it made when that fails. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct deployment;
struct err;
struct events;
struct model;
struct plan;
struct tenant;
struct vim;
struct vim_inventory;

/* Set to non-zero by a signal handler: everything that waits stops with -EINTR. */
extern volatile sig_atomic_t deploy_interrupted;

struct apply_options {
	bool keep_failed; /* leave what was made when a later step fails */
};

/*
 * Asks the VIM what is there and plans from it. *ret_inventory must outlive the plan; the caller
 * clears both.
 */
int apply_prepare(struct vim *vim, const struct model *model, const struct tenant *tenant,
		  const struct deployment *deployment, struct vim_inventory *ret_inventory,
		  struct plan **ret_plan, struct err *err);

/* Asks the VIM whether each server that is to be made would fit, before anything is. */
int apply_admit(struct vim *vim, const struct plan *plan, struct err *err);

/*
 * Deletes and makes what the plan says, then waits until the servers are ACTIVE, answer on their
 * management address (VM_ALIVE) and answer DNS (SERVICE_ALIVE), at most bootup_time each. On
 * failure what this run made is undone, unless asked to keep it or interrupted (-EINTR): then the
 * next deploy finishes it.
 */
int apply_plan(struct vim *vim, const struct plan *plan, const struct apply_options *options,
	       const struct events *events, struct err *err);

/* Removes everything marked as this deployment's, servers first. Nothing there is no error. */
int apply_undeploy(struct vim *vim, const struct events *events, struct err *err);
