/* SPDX-License-Identifier: Apache-2.0 */
/* From what is wanted and what is there to the ordered steps between them: a pure function. */
#pragma once

#include "vim/vim.h"

struct err;

enum action {
	ACTION_CREATE,  /* is not there */
	ACTION_KEEP,    /* there, ours, as the descriptor wants it */
	ACTION_UPDATE,  /* ours, and differs in what the VIM changes in place */
	ACTION_CHANGE,  /* a server, and the VIM changes it with its ports and addresses */
	ACTION_REPLACE, /* ours, but half made, failed, or made from another request */
	ACTION_DELETE,  /* ours, and no longer in the descriptor */
	ACTION_USE,     /* exists in the VIM without our mark: is used and left alone */
};

/* When a step is carried out. Within a phase what has to go is deleted before the rest is made. */
enum phase {
	PHASE_EARLY, /* images and flavors, while the old servers serve */
	PHASE_MAIN,
	PHASE_ROLL, /* with its server (unit): a server that exists is changed, and its ports */
	PHASE_LATE, /* to be deleted when no server uses it any more */
};

/*
 * One object. The steps of a plan stand in the order of making: whatever a step depends on is of a
 * lower stage. Steps of one stage do not depend on each other.
 */
struct step {
	enum action action;
	unsigned stage;
	char *name, *owner;
	char *why;                        /* one clause; NULL for CREATE and KEEP */
	char *about;                      /* what it is made as: "vlan 101 on sriov0" */
	const struct vm_group *group;     /* of ports and servers, else NULL */
	unsigned index;                   /* which VM of the group */
	const struct vim_object *present; /* what is there, borrowed from the inventory, or NULL */
	const struct vim_object *second;  /* another that USE could mean, or NULL */
	unsigned changes;                 /* CHANGE: which (enum vim_change) */
	bool set_link;                    /* UPDATE of a port: only its link has to come up */
	struct vim_request request;       /* kind is set always; the rest not for DELETE and USE */
	size_t *needs;                    /* numbers of the steps that it depends on, rising */
	size_t n_needs;
	enum phase phase;
	size_t unit; /* PHASE_ROLL: number of the server's step */

	char **port_names; /* of a server: what request.server.port_names points to */
	size_t n_ports;
	char *user_data;
	struct interface *interface; /* of a port: a copy with the addresses of this VM */
};

struct plan {
	const struct model *model;
	const struct tenant *tenant;
	const struct deployment *deployment;
	struct step *v;
	size_t n;
	char *at_once_why; /* why the servers cannot be changed one at a time; NULL: they can */
};

/* What the deployment may find in the VIM by name; for vim_ops.list. The names are borrowed from
 * the model, the caller frees the array. */
void plan_references(const struct model *model, const struct deployment *deployment,
		     struct vim_reference **ret, size_t *ret_n);

/*
 * Fails when the day-0 files cannot be composed, or when two ports or servers would have one name
 * (-EINVAL). model and inventory must outlive the plan.
 */
int plan_make(const struct model *model, const struct tenant *tenant,
	      const struct deployment *deployment, const struct vim_inventory *inventory,
	      struct plan **ret_plan, struct err *err);

/* Deletes everything of the deployment. The same lifetimes. */
struct plan *plan_undeploy(const struct model *model, const struct tenant *tenant,
			   const struct deployment *deployment,
			   const struct vim_inventory *inventory);

void plan_free(struct plan *plan); /* NULL is fine */

/* Does the step depend on step number i of its plan? */
bool step_needs(const struct step *step, size_t i);

/* Does it create something, in place of nothing or of what was deleted before? */
bool step_makes(const struct step *step);

/* Does the step end or restart a running server? Then `why` says what for. */
bool step_interrupts(const struct step *step);

/* What differs between the server of the step and what is there, a line each: "~ image a -> b",
 * "~ user_data (day0.cfg: 3 lines differ)". */
void step_differences(const struct step *step, struct strv *ret);

/* How long, and what serves meanwhile, of a step that interrupts. The caller frees. */
char *step_interruption(const struct plan *plan, const struct step *step);

/* Why a server whose change fails cannot go back to what it was; NULL: it can. */
const char *step_no_way_back(const struct step *step);

/* Sets the phases of all steps; plan_make does. */
void plan_phases(struct plan *plan);

/* All servers that change go down together, for this reason. */
void plan_at_once(struct plan *plan, const char *why);

/*
 * Which servers stand in for each other: ret_set[i], of the server of step i, is the same for all
 * of a set. Those of one vm_group, of one server group that keeps its servers apart, and those that
 * answer for the same name.
 */
void plan_sets(const struct plan *plan, size_t *ret_set);

/* Steps with this action. */
size_t plan_count(const struct plan *plan, enum action action);

const char *action_name(enum action action); /* "create" ... */

/* Name of a port of server number index of the group. The caller frees. */
char *plan_port_name(const struct deployment *deployment, const struct vm_group *group,
		     unsigned index, const struct interface *interface);

DEFINE_CLEANUP(struct plan *, cleanup_plan_fn, plan_free)
#define cleanup_plan cleanup(cleanup_plan_fn)
