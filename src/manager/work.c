// SPDX-License-Identifier: Apache-2.0
/* Jobs that change the cloud: deploy, undeploy, and the acts of healing. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "manager/events.h"
#include "manager/explain.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/registry.h"

enum { BACK_OFF_MS = 30000, BACK_OFF_MAX_MS = 900000 };

/* An event of the child is published with a number of ours. Its answer, the last line, is not. */
static void take_line(void *data, const char *line, size_t len)
{
	struct managed *d = data;
	cleanup_json json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	cleanup_free char *type = json_try_text(event, "type");
	cleanup_free char *status = json_try_text(event, "status");
	cleanup_free char *details = json_try_text(event, "details");
	const json_t *error = json_object_get(event, "error");

	if (json_object_get(event, "format_version") && error) {
		free(d->job_error);
		d->job_error = json_try_text(error, "text");
	}
	if (!type || !status || len > 8192)
		return;
	note(d->manager,
	     &(struct note){.type = type, .status = status, .of = d, .vim_event = event}, "%s",
	     details ? details : "");
}

/* The next try; an event for each change of the message. */
static void failed(struct managed *d, const char *verb, const char *why)
{
	int64_t wait = BACK_OFF_MS;

	for (unsigned i = 0; i < d->failures && wait < BACK_OFF_MAX_MS; i++)
		wait *= 2;
	if (wait > BACK_OFF_MAX_MS)
		wait = BACK_OFF_MAX_MS;
	d->failures++;
	d->task_due = manager_now() + wait;
	if (streq(d->task_error, why))
		return;
	free(d->task_error);
	d->task_error = xstrdup(why);
	note(d->manager, &(struct note){.type = "JOB_FAILED", .status = "FAILURE", .of = d},
	     "%s: %s; again in %lld s", verb, why, (long long)wait / 1000);
}

static void task_over(struct managed *d, enum task task)
{
	struct manager *m = d->manager;
	cleanup_err struct err err = ERR_INIT;

	/* Else another was wanted meanwhile. */
	if (d->task == task && d->generation == d->job_generation)
		d->task = TASK_NONE;
	d->failures = 0;
	d->unsaved = true;
	free(steal_ptr(d->task_error));
	note(m, &(struct note){.type = "JOB_DONE", .status = "SUCCESS", .of = d}, "%s",
	     task == TASK_DEPLOY ? "deploy" : "undeploy");
	if (task != TASK_UNDEPLOY || d->task != TASK_NONE)
		return;
	if (registry_remove(m->registry, d->watch.tenant, d->watch.deployment, &err) < 0)
		fprintf(stderr, "<3>dnsvnfd: %s\n", err.text);
	memories_remove(d);
	note(m, &(struct note){.type = "CONFIG_REMOVED", .status = "SUCCESS", .of = d}, "%s", "");
	manager_unload(m, d);
}

static void task_done(void *data, const struct job_result *result)
{
	struct managed *d = data;
	enum task task = d->job_task;
	cleanup_free char *why = steal_ptr(d->job_error);
	/* Nothing is deployed (not_found) is what an undeploy wants. */
	bool done = result->exit_code == 0 || (task == TASK_UNDEPLOY && result->exit_code == 1 &&
					       why && str_starts(why, "nothing is deployed"));

	d->job = NULL;
	d->manager->jobs--;
	d->project->due = 0;
	if (done) {
		for (size_t i = 0; task == TASK_DEPLOY && i < d->watch.n_vms; i++)
			if (d->manager->fleet.vms[d->first + i].memory.state != VM_ALIVE)
				vm_memory_boot(&d->manager->fleet.vms[d->first + i].memory, false,
					       manager_now());
		task_over(d, task);
		return;
	}
	failed(d, task == TASK_DEPLOY ? "deploy" : "undeploy",
	       why                 ? why
	       : result->why       ? result->why
	       : result->errors[0] ? result->errors
				   : "failed");
}

static int start(struct managed *d, const char *const *verb, const struct job_handler *handler,
		 struct err *err)
{
	struct manager *m = d->manager;
	cleanup_free char *path = registry_path(m->registry, d->watch.tenant, d->watch.deployment,
						d->generation, "resolved.xml");
	const char *argv[JOB_ARGUMENTS] = {m->conf.dnsvnf};
	size_t n = 1;

	for (; *verb; verb++)
		argv[n++] = streq(*verb, "DEP.xml") ? path : *verb;
	argv[n++] = "-o";
	argv[n++] = "json";
	argv[n++] = "--yes";
	argv[n++] = "--vim";
	argv[n++] = d->watch.cloud ? d->watch.cloud : LOCAL_CLOUD;
	int r = job_start(m->loop, argv, m->conf.job_minutes * INT64_C(60000), handler, &d->job,
			  err);
	if (r < 0)
		return r;
	m->jobs++;
	return 0;
}

void work_start_due(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->n_deployments; i++) {
		struct managed *d = m->deployments[i];
		cleanup_err struct err err = ERR_INIT;
		const char *verb = d->task == TASK_DEPLOY ? "deploy" : "undeploy";
		const char *const words[] = {verb, "DEP.xml", NULL};
		const struct job_handler handler = {take_line, task_done, d};

		if (d->task == TASK_NONE || d->job || now < d->task_due || m->jobs >= m->conf.jobs)
			continue;
		d->job_task = d->task;
		d->job_generation = d->generation;
		note(m, &(struct note){.type = "JOB_STARTED", .status = "STARTED", .of = d}, "%s",
		     verb);
		if (start(d, words, &handler, &err) < 0)
			failed(d, verb, err.text);
	}
}

void work_stop(struct manager *m)
{
	for (size_t i = 0; i < m->n_deployments; i++)
		if (m->deployments[i]->job)
			job_stop(m->deployments[i]->job);
}

/* The result of an act is what is seen; its answer is only reported. */
static void act_done(void *data, const struct job_result *result)
{
	struct managed *d = data;
	struct manager *m = d->manager;
	cleanup_free char *why = steal_ptr(d->job_error);
	bool done = result->exit_code == 0;
	size_t vm = d->acting < d->watch.n_vms ? d->first + d->acting : SIZE_MAX;

	d->job = NULL;
	m->jobs--;
	d->project->due = 0;
	d->acting = SIZE_MAX;
	d->unsaved = true; /* of the VM its claim was stored */
	if (vm == SIZE_MAX)
		return;
	note(m,
	     &(struct note){.type = d->act == ACT_REDEPLOY ? "VM_RECOVERY_DEPLOYED"
							   : "VM_RECOVERY_REBOOT",
			    .status = done ? "SUCCESS" : "FAILURE",
			    .vm = &m->vms[vm]},
	     "%s%s%s", act_name(d->act), done ? "" : ": ",
	     done          ? ""
	     : why         ? why
	     : result->why ? result->why
			   : result->errors);
	if (d->recovered)
		note_state(m, vm, "VM_RECOVERY_COMPLETE", manager_now());
	d->recovered = false;
}

struct job_handler work_act_handler(struct managed *d)
{
	return (struct job_handler){take_line, act_done, d};
}

/* The claim is on the disk and announced before the job starts. False: it could not be stored. */
static bool begin_act(struct manager *m, size_t vm, int64_t now)
{
	struct managed_vm *mv = &m->vms[vm];
	struct managed *d = mv->of;
	const struct fleet_vm *f = &m->fleet.vms[vm];
	cleanup_err struct err err = ERR_INIT;
	const struct job_handler handler = work_act_handler(d);
	const char *const power[] = {"power", f->memory.act == ACT_START ? "start" : "reboot",
				     "DEP.xml", mv->watch->name, NULL};
	const char *const replace[] = {"deploy", "--replace", mv->watch->name, "DEP.xml", NULL};
	char why[1024] = "";

	vm_explain(&m->fleet, (uint32_t)vm, mv->watch->name, now, why, sizeof(why));
	note(m, &(struct note){.type = "VM_RECOVERY_INIT", .status = "SUCCESS", .vm = mv}, "%s: %s",
	     act_name(f->memory.act), why);
	d->unsaved = true;
	if (!manager_keep(m))
		return false;
	d->acting = vm - d->first;
	d->act = f->memory.act;
	d->claim = f->memory;
	if (start(d, f->memory.act == ACT_REDEPLOY ? replace : power, &handler, &err) < 0) {
		d->acting = SIZE_MAX;
		note(m, &(struct note){.type = "VM_RECOVERY_REBOOT", .status = "FAILURE", .vm = mv},
		     "%s", err.text);
	}
	return true;
}

/* An act that cannot be stored is not begun, and counts for nothing. */
static void act(struct manager *m, size_t vm, int64_t now)
{
	struct fleet_vm *f = &m->fleet.vms[vm];
	const struct fleet_vm before = *f;
	uint64_t mark = events_mark(m->events);

	if (!fleet_claim(&m->fleet, (uint32_t)vm, now) || begin_act(m, vm, now))
		return;
	f->memory = before.memory;
	f->request = before.request;
	events_revoke(m->events, mark);
	if (events_next(m->events) > mark)
		note(m,
		     &(struct note){.type = "VM_RECOVERY_CANCELLED",
				    .status = "SUCCESS",
				    .vm = &m->vms[vm]},
		     "that it begins could not be stored: nothing was done");
}

static bool was_asked(const struct answers *a, int64_t since)
{
	return a->asked == MANAGER_NEVER || a->asked >= since;
}

static bool was_reported(const struct fleet_vm *vm)
{
	const struct vim_report *r = &vm->seen.vim;

	return (r->presence == PRESENCE_ABSENT ? r->absent_at : r->at) >= vm->proposed_at;
}

static bool was_looked_at(const struct fleet_vm *vm)
{
	return was_reported(vm) && was_asked(&vm->seen.echo, vm->proposed_at) &&
	       was_asked(&vm->seen.dns, vm->proposed_at);
}

/*
 * Proposals wait until the VIM and the probes have looked again (fleet_claim says whether they
 * have); they are void after DECIDE_LOOK_MS.
 */
void work_heal(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		struct fleet_vm *vm = &m->fleet.vms[i];
		struct managed *d = m->vms[i].of;

		if (vm->proposed == ACT_NONE || d->job || m->jobs >= m->conf.jobs)
			continue;
		if (!was_reported(vm) && !d->project->job && now - d->project->started > 1000)
			look_start(d->project, now);
		if (!was_looked_at(vm) && now - vm->proposed_at <= DECIDE_LOOK_MS)
			continue;
		act(m, i, now);
	}
}
