/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the descriptor with the VIM's objects and computes the ordered steps: a pure function.
 */
#pragma once

#include "vim/vim.h"

struct err;

enum action {
	ACTION_CREATE,  /* does not exist */
	ACTION_KEEP,    /* exists, ours, as in the descriptor */
	ACTION_UPDATE,  /* ours, differs, and the VIM can change it in place */
	ACTION_CHANGE,  /* a server that the VIM can change in place; a port that changes with it */
	ACTION_REPLACE, /* ours, but incomplete, failed, or created from another request */
	ACTION_DELETE,  /* ours, but no longer in the descriptor */
	ACTION_USE,     /* exists in the VIM without our mark: used, never changed */
};

/* When a step is carried out. Within a phase, deletions come first. */
enum phase {
	PHASE_EARLY, /* images and flavors, while the old servers still serve */
	PHASE_MAIN,
	PHASE_ROLL, /* with its server (unit): changes of an existing server and its ports */
	PHASE_LATE, /* deletions after no server uses the object any more */
};

/* One object. Steps are in the order of creation: a step depends only on steps of lower stages. */
struct step {
	enum action action;
	unsigned stage;
	char *name, *owner;
	char *why;                    /* one clause; NULL for CREATE and KEEP */
	char *warning;                /* of a network to USE: what may fail with it; else NULL */
	char *about;                  /* its properties: "vlan 101 on sriov0" */
	const struct vm_group *group; /* of ports and servers, else NULL */
	unsigned index;               /* which VM of the group */
	const struct vim_object
		*present; /* the existing object, borrowed from the inventory, or NULL */
	const struct vim_object *second; /* another that USE could mean, or NULL */
	unsigned changes;                /* CHANGE: which (enum vim_change) */
	bool drive_lost;                 /* REPLACE: in place, the config drive would lose files */
	bool set_link;                   /* UPDATE of a port: only sets its link up */
	struct vim_request request;      /* kind is set always; the rest not for DELETE and USE */
	size_t *needs;                   /* numbers of the steps that it depends on, rising */
	size_t n_needs;
	enum phase phase;
	size_t unit; /* PHASE_ROLL: number of the server's step */

	char **port_names; /* of a server: owns request.server.port_names */
	size_t n_ports;
	struct vim_port_change *port_changes; /* owns request.server.port_changes */
	size_t n_port_changes;
	char *user_data;
	struct drive_file *files; /* of a server */
	size_t n_files;
	struct interface *interface; /* of a port: a copy with the addresses of this VM */
};

struct plan {
	const struct model *model;
	const struct tenant *tenant;
	const struct deployment *deployment;
	struct step *v;
	size_t n;
	char *at_once_why; /* why the servers cannot be changed one at a time; NULL: they can */
	bool replaces;     /* one server: the other servers are of no concern */
};

/*
 * References to existing objects, for vim_ops.list. The names are borrowed from the model, the
 * caller frees the array.
 */
void plan_references(const struct model *model, const struct deployment *deployment,
		     struct vim_reference **ret, size_t *ret_n);

/*
 * Fails if the day-0 files cannot be composed, or if two ports or servers would have the same name
 * (-EINVAL). model and inventory must outlive the plan.
 *
 * replace, unless NULL, names a server that is made anew (-ENOENT: the deployment has none of this
 * name), in place if the VIM can, with its ports. Other objects that exist are then kept as they
 * are, even if they differ or are not in the descriptor; missing ones are created.
 */
int plan_make(const struct model *model, const struct tenant *tenant,
	      const struct deployment *deployment, const struct vim_inventory *inventory,
	      const char *replace, struct plan **ret_plan, struct err *err);

/* Whether the deployment has a server of this name, by its descriptor. */
bool plan_has_server(const struct deployment *deployment, const char *name);

/* Deletes everything of the deployment. The same lifetimes. */
struct plan *plan_undeploy(const struct model *model, const struct tenant *tenant,
			   const struct deployment *deployment,
			   const struct vim_inventory *inventory);

void plan_free(struct plan *plan); /* NULL is fine */

/* Whether the step depends on step number i of its plan. */
bool step_needs(const struct step *step, size_t i);

/* Whether the port, which may be one to delete, is the server's. */
bool step_has_port(const struct step *server, const struct step *port);

/* Whether it creates an object, new or as a replacement. */
bool step_makes(const struct step *step);

/* Whether the step ends or restarts a running server; `why` has the reason. */
bool step_interrupts(const struct step *step);

/* The differences between the step's server and the existing one, a line each: "~ image a -> b",
 * "~ user_data (day0.cfg: 3 lines differ)". */
void step_differences(const struct step *step, struct strv *ret);

/* For a step that interrupts: how long, and which servers serve meanwhile. The caller frees. */
char *step_interruption(const struct plan *plan, const struct step *step);

/* Why a failed change of the server cannot be rolled back; NULL: it can. */
const char *step_no_way_back(const struct step *step);

/* Sets the phases of all steps; plan_make does. */
void plan_phases(struct plan *plan);

/* Changes all servers at the same time, for this reason. */
void plan_at_once(struct plan *plan, const char *why);

/*
 * Which servers are redundant to each other: ret_set[i], for the server of step i, is equal within
 * a set. A set has the servers of one vm_group, of one anti-affinity server group, and those that
 * answer for the same name.
 */
void plan_sets(const struct plan *plan, size_t *ret_set);

/* Number of steps with this action. */
size_t plan_count(const struct plan *plan, enum action action);

const char *action_name(enum action action); /* "create" ... */

/* Name of a port of server number index of the group. The caller frees. */
char *plan_port_name(const struct deployment *deployment, const struct vm_group *group,
		     unsigned index, const struct interface *interface);

/* Text of the guest's /etc/bondd.conf, which deploy adds to day-0; NULL without bondd or a
 * management address. The caller frees. */
char *plan_bondd_conf(const struct deployment *deployment, const struct vm_group *group,
		      unsigned index);

DEFINE_CLEANUP(struct plan *, cleanup_plan_fn, plan_free)
#define cleanup_plan cleanup(cleanup_plan_fn)
