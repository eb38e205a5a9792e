// SPDX-License-Identifier: Apache-2.0
/* `dnsvnf status --watch`: the manager, then each VM, a message each. */
#include <time.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "manager/control.h"
#include "manager/explain.h"
#include "manager/manager.h"

static void put_manager(struct json_writer *w, const struct manager *m)
{
	json_put_text(w, "heal", m->conf.heal == HEAL_ON ? "on" : "watch");
	json_put_int64(w, "deployments", (int64_t)m->n_deployments);
	json_put_uint64(w, "next_event", events_next(m->events));
	json_put_text(w, "keep_error", m->keep_error);
	json_put_text(w, "probes_error", m->probes_error);
	json_open_array(w, "holds");
	for (size_t i = 0; i < m->holds.n && i < 100; i++) {
		json_open_object(w, NULL);
		hold_put(w, &m->holds.v[i]);
		json_close(w);
	}
	json_close(w);
}

static void put_answers(struct json_writer *w, const char *key, const struct answers *a,
			int64_t now)
{
	enum tristate state = answers_state(a, 1, now);

	json_put_known_bool(w, key, state == TRI_UNKNOWN ? -1 : state == TRI_YES);
}

static void put_deployment(struct json_writer *w, const struct managed *d, int64_t now)
{
	static const char *const tasks[] = {
		[TASK_NONE] = NULL, [TASK_DEPLOY] = "deploy", [TASK_UNDEPLOY] = "undeploy"};

	json_put_text(w, "tenant", d->watch.tenant);
	json_put_text(w, "deployment", d->watch.deployment);
	json_put_int64(w, "generation", d->generation);
	json_put_text(w, "cloud", d->watch.cloud ? d->watch.cloud : "local");
	json_put_text(w, "task", tasks[d->task]);
	json_put_bool(w, "task_runs", d->job != NULL);
	json_put_text(w, "task_error", d->task_error);
	json_put_text(w, "vim_error", d->project->error);
	json_put_known(w, "vim_age_ms",
		       d->project->answered_at < 0 ? -1 : now - d->project->answered_at);
	json_put_text(w, "drift", d->drift);
}

static void put_vm(struct json_writer *w, const struct manager *m, size_t i, int64_t now)
{
	const struct fleet_vm *vm = &m->fleet.vms[i];
	const struct managed_vm *mv = &m->vms[i];
	char why[1024] = "";

	vm_explain(&m->fleet, (uint32_t)i, mv->watch->name, now, why, sizeof(why));
	json_put_text(w, "tenant", mv->of->watch.tenant);
	json_put_text(w, "deployment", mv->of->watch.deployment);
	json_put_text(w, "vm_group", mv->watch->group);
	json_put_text(w, "vm", mv->watch->name);
	json_put_text(w, "state", vm_state_name(vm->memory.state));
	json_put_int64(w, "since_ms", now - vm->memory.since);
	json_put_text(w, "assessment", assessment_name(vm->assessed.is));
	json_put_text(w, "hold", vm->memory.state == VM_HELD ? hold_name(vm->memory.hold) : NULL);
	json_put_text(w, "wanted",
		      vm->decision.wanted == ACT_NONE ? NULL : act_name(vm->decision.wanted));
	json_put_text(w, "id", mv->id);
	json_put_text(w, "vim_state", mv->vim_state);
	json_put_text(w, "network", mv->watch->network);
	json_put_text(w, "host",
		      vm->domains[DOMAIN_HOST] == DOMAIN_NONE
			      ? NULL
			      : m->fleet.domains[vm->domains[DOMAIN_HOST]].name);
	put_answers(w, "echo", &vm->seen.echo, now);
	put_answers(w, "dns", &vm->seen.dns, now);
	json_put_text(w, "why", why);
}

char *request_status_next(struct client *c)
{
	cleanup_json_writer struct json_writer w = {0};
	const struct manager *m = c->manager;
	size_t at = c->next;
	int64_t now = manager_now();

	if (at > m->n_deployments + m->fleet.n_vms)
		return NULL;
	c->next++;
	json_open_object(&w, NULL);
	if (at == 0) {
		json_open_object(&w, "manager");
		put_manager(&w, m);
	} else if (at <= m->n_deployments) {
		json_open_object(&w, "deployment");
		put_deployment(&w, m->deployments[at - 1], now);
	} else {
		json_open_object(&w, "vm");
		put_vm(&w, m, at - 1 - m->n_deployments, now);
	}
	json_close(&w);
	json_close(&w);
	return json_write_text(&w, JSON_COMPACT, NULL);
}
