// SPDX-License-Identifier: Apache-2.0
#include "manager/manager.h"

#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "manager/events.h"
#include "manager/explain.h"
#include "manager/job.h"
#include "manager/registry.h"

enum { TICK_MS = 1000, REQUEST_MS = 60000, STOP_MS = 1000 * (JOB_KILL_S + 5) };

/* What a person forbade. */
static void apply_holds(struct manager *m)
{
	static const enum hold_scope scopes[DOMAIN_KINDS] = {
		[DOMAIN_VANTAGE] = HOLD_SCOPES,
		[DOMAIN_CLOUD] = HOLD_SCOPE_CLOUD,
		[DOMAIN_NETWORK] = HOLD_SCOPE_NETWORK,
		[DOMAIN_HOST] = HOLD_SCOPE_HOST,
		[DOMAIN_ZONE] = HOLD_SCOPES,
		[DOMAIN_IMAGE] = HOLD_SCOPES,
		[DOMAIN_DEPLOYMENT] = HOLD_SCOPE_DEPLOYMENT,
		[DOMAIN_SET] = HOLD_SCOPES,
	};
	int64_t now = time(NULL);

	for (;;) {
		struct operator_hold ended = holds_take_ended(&m->holds, now);
		if (ended.scope == HOLD_SCOPES)
			break;
		note(m,
		     &(struct note){.type = "HOLD_ENDED", .status = "NOTE", .object = ended.name},
		     "%s %s: its time is over", hold_scope_name(ended.scope), ended.name);
		operator_hold_clear(&ended);
	}
	for (size_t i = 0; i < m->fleet.n_domains; i++) {
		struct domain *d = &m->fleet.domains[i];
		d->held = scopes[d->kind] != HOLD_SCOPES &&
			  holds_find(&m->holds, scopes[d->kind], d->name, now);
	}
	for (size_t i = 0; i < m->n_deployments; i++) {
		struct managed *d = m->deployments[i];
		if (d->n)
			m->fleet.domains[m->fleet.vms[d->first].domains[DOMAIN_DEPLOYMENT]].busy =
				d->job || d->task != TASK_NONE;
	}
	for (size_t i = 0; i < m->fleet.n_vms; i++)
		m->fleet.vms[i].held =
			holds_find(&m->holds, HOLD_SCOPE_VM, m->vms[i].watch->name, now) != NULL;
}

static const char *type_of(const struct decision *d)
{
	if (d->state == VM_ALIVE)
		return d->outcome == OUTCOME_RECOVERED ? "VM_RECOVERY_COMPLETE" : "VM_ALIVE";
	if (d->state == VM_FAILED)
		return "VM_RECOVERY_COMPLETE";
	if (d->state == VM_HELD)
		return "HEALING_HELD";
	return "VM_STATE";
}

/* A person's request that cannot be carried out now is not carried out later, unexpectedly. */
static void end_requests(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		struct fleet_vm *vm = &m->fleet.vms[i];
		char why[1024] = "";

		if (!vm->request.heal || now - vm->request.at < REQUEST_MS)
			continue;
		vm_explain(&m->fleet, (uint32_t)i, m->vms[i].watch->name, now, why, sizeof(why));
		vm->request = (struct vm_request){0};
		m->vms[i].of->unsaved = true;
		note(m,
		     &(struct note){.type = "HEAL_REFUSED", .status = "FAILURE", .vm = &m->vms[i]},
		     "%s", why);
	}
}

/* Of other states a kill costs at most that a wait begins anew. */
static bool is_act_or_end(enum vm_state state)
{
	return state == VM_RECOVERING || state == VM_FAILED || state == VM_BOOTING;
}

/*
 * Changes of state are events; the memory is kept. A VM may answer before the job of its act has
 * ended: VM_RECOVERY_COMPLETE follows the job's event.
 */
static void note_changes(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		const struct fleet_vm *vm = &m->fleet.vms[i];
		struct managed *d = m->vms[i].of;

		if (!vm->changed)
			continue;
		bool acted = is_act_or_end(vm->decision.from) || is_act_or_end(vm->memory.state);
		*(acted ? &d->unsaved : &d->stale) = true;
		if (vm->decision.outcome == OUTCOME_RECOVERED && i - d->first == d->acting)
			d->recovered = true;
		else
			note_state(m, i, type_of(&vm->decision), now);
	}
}

static int on_tick(sd_event_source *source, uint64_t usec, void *data)
{
	struct manager *m = data;
	int64_t now = manager_now();

	(void)usec;
	seen_collect(m, now);
	apply_holds(m);
	(void)fleet_tick(&m->fleet, now, m->proposed);
	note_changes(m, now);
	note_services(m, now);
	end_requests(m, now);
	bool kept = manager_keep(m);
	if (m->stopping) {
		if (m->jobs == 0 || now - m->stopping > STOP_MS)
			return sd_event_exit(m->loop, 0);
	} else if (kept) {
		work_heal(m, now);
		work_start_due(m, now);
		if (manager_keep(m))
			manager_keep_stale(m, false);
	}
	if (!m->stopping) {
		looks_start_due(m, now);
		drift_start_due(m, now);
	}
	(void)sd_event_source_set_time_relative(source, TICK_MS * (uint64_t)US_PER_MS);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static char *read_boot_id(void)
{
	char *text = NULL;
	size_t len;

	if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &len, NULL) < 0)
		return xstrdup("");
	return str_trim(text);
}

static int open_files(struct manager *m, struct err *err)
{
	cleanup_free char *events = xasprintf("%s/events", m->conf.store);
	cleanup_free char *holds = xasprintf("%s/holds.json", m->conf.store);
	int r = registry_open(m->conf.store, &m->registry, err);

	if (r == 0)
		r = events_open(events, &m->events, err);
	return r == 0 ? holds_open(holds, &m->holds, err) : r;
}

int manager_open(struct manager *m, struct err *err)
{
	struct fleet_limits limits;
	int r = open_files(m, err);

	if (r < 0)
		return r;
	m->boot_id = read_boot_id();
	r = sd_event_default(&m->loop);
	if (r < 0)
		return err_errno(err, r, "cannot create the event loop");
	fleet_limits_default(&limits);
	limits.settle = 1000 * (int64_t)m->conf.settle_s;
	fleet_init(&m->fleet, &limits, manager_now());
	m->fleet.watch_only = m->conf.heal == HEAL_WATCH;
	seen_open(m);
	note(m, &(struct note){.type = "MANAGER_STARTED", .status = "SUCCESS"}, "heal = %s",
	     m->conf.heal == HEAL_ON ? "on" : "watch");
	r = manager_load_all(m, err);
	if (r == 0)
		r = control_open(m, err);
	if (r == 0)
		r = metrics_open(m, err);
	(void)manager_keep(m);
	return r;
}

void manager_close(struct manager *m)
{
	if (m->events && manager_keep(m))
		manager_keep_stale(m, true);
	metrics_close(m);
	control_close(m);
	manager_unload_all(m);
	seen_close(m);
	sd_event_source_unref(m->tick_source);
	free_all(m->deployments, m->fleet.vms, m->fleet.domains, m->vms, m->proposed);
	free_all(m->keep_error, m->probes_error, m->boot_id, m->projects);
	holds_close(&m->holds);
	events_close(m->events);
	registry_close(m->registry);
	sd_event_unref(m->loop);
	manager_conf_clear(&m->conf);
}

/* Jobs that run are asked to end, and say what they leave. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	struct manager *m = data;

	(void)source;
	(void)info;
	(void)sd_notify(0, "STOPPING=1");
	if (!m->stopping)
		m->stopping = manager_now();
	work_stop(m);
	return m->jobs == 0 ? sd_event_exit(m->loop, 0) : 0;
}

int manager_run(struct manager *m, struct err *err)
{
	int r = sd_event_add_signal(m->loop, NULL, SIGTERM, on_signal, m);
	if (r >= 0)
		r = sd_event_add_signal(m->loop, NULL, SIGINT, on_signal, m);
	if (r >= 0)
		r = sd_event_add_time_relative(m->loop, &m->tick_source, CLOCK_MONOTONIC, 0, 1000,
					       on_tick, m);
	if (r >= 0)
		r = sd_event_set_watchdog(m->loop, true);
	if (r < 0)
		return err_errno(err, r, "cannot set up the event loop");
	(void)sd_notify(0, "READY=1");
	r = sd_event_loop(m->loop);
	return r < 0 ? err_errno(err, r, "the event loop failed") : 0;
}
