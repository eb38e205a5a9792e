/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's state, shared by its files. One thread; times are ms of CLOCK_BOOTTIME. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/str.h"
#include "manager/conf.h"
#include "manager/fleet.h"
#include "manager/holds.h"
#include "manager/watch.h"

enum { ECHO_MS = 1000, DNS_MS = 1000 }; /* from one probe of an address to the next */

#define LOCAL_CLOUD "local" /* names the embedded VIM where clouds are named */

struct client;
struct events;
struct job;
struct job_handler;
struct manager;
struct metrics_server;
struct probe;
struct probes;
struct registry;

/* What is done with a deployment as a whole. */
enum task {
	TASK_NONE,
	TASK_DEPLOY,   /* a new generation, or a repair */
	TASK_UNDEPLOY, /* until nothing is left; then the descriptor goes, too */
};

struct probing {
	struct probes *probes; /* NULL: none */
	sd_event_source *source;
	uint64_t inode;   /* of the namespace */
	int64_t gap_seen; /* as struct probes_health has it */
};

/* The deployments that one list of the VIM's servers has. */
struct project {
	struct manager *manager;
	char *cloud, *region, *tenant; /* cloud NULL: the embedded VIM */
	struct job *job;               /* asks */
	int64_t started, answered_at, due;
	char *error;        /* of the last one that failed; NULL: it did not */
	struct strbuf text; /* its output so far */
};

/* An address whose answers prove the way to a network. */
struct control {
	char *network;
	uint32_t domain; /* of the network */
	struct ip_addr address;
	struct managed *via; /* it is reached as this one's VMs are */
	struct probe *probe;
	struct answers answers;
	int64_t answered; /* as last noted */
	unsigned misses;
};

struct managed {
	struct manager *manager;
	struct watch watch;
	char *path; /* TENANT/DEPLOYMENT, as a hold names it */
	int generation;
	size_t first, n;        /* its VMs in fleet.vms and manager.vms */
	struct probing probing; /* in its own namespace, if watch.netns */

	struct project *project;
	struct job *actions; /* asks the VIM who stopped its servers */
	bool ask_actions;    /* that is wanted */
	int64_t actions_due;
	struct strbuf actions_text;

	struct job *plan; /* compares it with the VIM */
	int64_t plan_due;
	struct strbuf plan_text;
	char *drift; /* what differs, as it was reported; NULL: nothing */

	enum task task;    /* wanted */
	unsigned failures; /* of it, in a row */
	char *task_error;  /* of the last failure, reported once */
	int64_t task_due;
	bool unsaved;       /* memories of its VMs, or the task: must be stored before any act */
	bool stale;         /* the same, of what may be stored later */
	struct job *job;    /* of a task, or of a VM's act */
	enum task job_task; /* TASK_NONE: an act */
	int job_generation; /* of a task */
	char *job_error;    /* of its answer */
	size_t acting;      /* number of the VM whose act it is; SIZE_MAX: of none */
	enum act act;       /* of that VM */
	bool recovered;     /* that VM answers again; an event when the job has ended */

	/* That VM's, as it was claimed: what is stored of it until the job has ended. */
	struct vm_memory claim;
};

/* Beside fleet.vms[i]. */
struct managed_vm {
	struct managed *of;
	const struct watch_vm *watch;
	struct probe *echo, *dns[WATCH_ADDRESSES];
	int64_t echo_answered, dns_answered; /* as last noted */
	unsigned echo_misses, dns_misses;
	char *id, *vim_state, *task, *updated; /* in the VIM's words, or NULL */
	char *action_of; /* stopped_by_user is that of the server with this `updated` */
	enum tristate stopped_by_user;
	bool service_silent; /* as it was last reported */
};

struct manager {
	struct manager_conf conf;
	sd_event *loop;
	struct registry *registry;
	struct events *events;
	struct holds holds;
	char *boot_id;

	struct managed **deployments;
	size_t n_deployments;
	struct project **projects;
	size_t n_projects;
	struct control *controls;
	size_t n_controls;
	struct fleet fleet;
	struct managed_vm *vms; /* fleet.n_vms */
	uint32_t *proposed;
	void *domain_keys; /* of fleet.domains: tsearch(3) by kind and name */

	struct probing probing;
	char *probes_error; /* why there are none; NULL: there are */

	char *keep_error;  /* why the store cannot be written: nothing is done; NULL: it can */
	size_t next_stale; /* of deployments */
	unsigned jobs, looks, plans;
	int64_t stopping; /* since; 0: it is not */

	int control;                          /* listening socket */
	void (*on_events)(struct manager *m); /* there are new events; or NULL */
	sd_event_source *control_source, *tick_source;
	struct client **clients;
	size_t n_clients;
	struct metrics_server *metrics;
	gid_t operators;
	bool has_operators;
};

int64_t manager_now(void);

/* Opens store, log and holds, and reads what is managed. manager_close takes what a failure leaves.
 */
int manager_open(struct manager *m, struct err *err);
void manager_close(struct manager *m);

/* Until SIGTERM or SIGINT. */
int manager_run(struct manager *m, struct err *err);

/* Of TENANT and NAME, or NULL. */
struct managed *manager_find(const struct manager *m, const char *tenant, const char *deployment);

/* The VM of that name in the VIM; SIZE_MAX: none. */
size_t manager_find_vm(const struct manager *m, const char *name);

/* Reads the deployment's current generation and watches it; replaces what was watched of it. */
int manager_load(struct manager *m, const char *tenant, const char *deployment, int generation,
		 struct err *err);

/* All of the registry, when there are none yet. */
int manager_load_all(struct manager *m, struct err *err);

/* It is no longer managed. */
void manager_unload(struct manager *m, struct managed *d);
void manager_unload_all(struct manager *m);

/* note.c: events. All members are optional but type and status. */
struct note {
	const char *type, *status;
	const struct managed *of;
	const struct managed_vm *vm;
	const char *object;
	const char *state, *hold;
	const char *by;
	json_t *vim_event; /* of a child: its details and object are kept */
};
void note(struct manager *m, const struct note *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The VM's present state, as an event of that type. */
void note_state(struct manager *m, size_t vm, const char *type, int64_t now);

/*
 * Has holds, events, then memories, on the disk; sets keep_error. False: nothing may be changed in
 * the cloud, since it would be forgotten.
 */
bool manager_keep(struct manager *m);

/* Stores memories of which a kill may lose the last changes, some in each call. all: all. */
void manager_keep_stale(struct manager *m, bool all);

/* The compute host of a VM; NULL: not known. */
void manager_set_host(struct manager *m, size_t vm, const char *host);

/* look.c: the VIM's word. The handlers, here and below, take a child's output; for job_start(). */
void look_start(struct project *p, int64_t now);
void looks_start_due(struct manager *m, int64_t now);
struct job_handler look_handler(struct project *p);
struct job_handler look_actions_handler(struct managed *d);

/* drift.c: what differs from the descriptor. */
void drift_start_due(struct manager *m, int64_t now);
struct job_handler drift_handler(struct managed *d);

/* service.c: events of VMs that answer echo and not DNS. */
void note_services(struct manager *m, int64_t now);

/* seen.c: the probes of VMs. */
void seen_open(struct manager *m);
void seen_add(struct manager *m, size_t vm);
void seen_add_controls(struct manager *m); /* anew, for the deployments as they are */
void seen_remove(struct manager *m, struct managed_vm *vm);
void seen_end(struct managed *d); /* its own namespace */
void seen_collect(struct manager *m, int64_t now);
void seen_close(struct manager *m);

/* work.c: jobs that change the cloud. */
void work_want(struct managed *d, enum task task, int64_t now);
void work_start_due(struct manager *m, int64_t now);
void work_stop(struct manager *m); /* asks the jobs to end */
void work_heal(struct manager *m, int64_t now);
struct job_handler work_act_handler(struct managed *d);

/* memory_file.c: what must survive the process: memories of the VMs, and a wanted deploy. */
int memories_save(const struct managed *d, struct err *err);
int memories_load(struct managed *d, int64_t now, struct err *err); /* -ENOENT: none */
void memories_remove(const struct managed *d);

/* control.c */
int control_open(struct manager *m, struct err *err);
void control_close(struct manager *m);

/* metrics.c */
char *metrics_text(const struct manager *m, int64_t now);
int metrics_open(struct manager *m, struct err *err);
void metrics_close(struct manager *m);
