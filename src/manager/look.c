// SPDX-License-Identifier: Apache-2.0
/*
 * What the VIM says of the servers, by child processes: `dnsvnf servers` lists those of a project,
 * with one request for all of its deployments; `dnsvnf status` of a deployment tells who stopped
 * those that are off.
 */
#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/registry.h"

enum {
	LOOK_TIMEOUT_MS = 30000,
	LOOKS_AT_ONCE = 8,
	ANSWER_MAX = 32 << 20, /* 10,000 servers are 5 MB */
	ACTION_RETRY_MS = 30000,
};

/* Of an answer that is too long nothing is believed: it does not parse. */
static void add_line(struct strbuf *answer, const char *line, size_t len)
{
	if (answer->len + len < ANSWER_MAX)
		strbuf_add(answer, line, len);
	strbuf_adds(answer, "\n");
}

/* The answer, if it is one of success; else *ret_why says why it is none. The caller frees both. */
static json_t *take_answer(struct strbuf *text, const struct job_result *result, char **ret_why)
{
	json_t *answer =
		text->s ? json_loadb(text->s, text->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	cleanup_free char *why = json_try_text(json_object_get(answer, "error"), "text");

	strbuf_clear(text);
	if (result->exit_code == 0 && answer && !why)
		return answer;
	json_decref(answer);
	*ret_why = xstrdup(why ? why : result->why ? result->why : "it gave no answer");
	return NULL;
}

/* Nova's status, or the embedded VIM's. */
static enum server_state state_of(const char *status)
{
	static const struct {
		const char *names;
		enum server_state state;
	} states[] = {
		{"ACTIVE PASSWORD REBOOT HARD_REBOOT", SERVER_ACTIVE},
		{"BUILD REBUILD", SERVER_BUILDING},
		{"SHUTOFF", SERVER_STOPPED},
		{"PAUSED SUSPENDED SHELVED SHELVED_OFFLOADED RESCUE RESIZE VERIFY_RESIZE "
		 "MIGRATING REVERT_RESIZE SOFT_DELETED",
		 SERVER_PARKED},
		{"ERROR", SERVER_ERROR},
	};

	for (size_t i = 0; status && i < ARRAY_SIZE(states); i++)
		if (str_in_words(states[i].names, status))
			return states[i].state;
	return SERVER_UNKNOWN;
}

static enum server_power power_of(const char *power)
{
	return streq(power, "running")                               ? POWER_RUNNING
	       : streq(power, "shutdown")                            ? POWER_OFF
	       : streq(power, "crashed")                             ? POWER_CRASHED
	       : streq(power, "paused") || streq(power, "suspended") ? POWER_PAUSED
								     : POWER_UNKNOWN;
}

static enum host_state host_of(const char *status)
{
	return streq(status, "UP")            ? HOST_UP
	       : streq(status, "UNKNOWN")     ? HOST_SILENT
	       : streq(status, "DOWN")        ? HOST_FENCED
	       : streq(status, "MAINTENANCE") ? HOST_MAINTENANCE
					      : HOST_UNKNOWN;
}

static void take_server(struct managed *d, size_t vm, const json_t *server)
{
	struct manager *m = d->manager;
	struct vim_report *report = &m->fleet.vms[vm].seen.vim;
	struct managed_vm *mv = &m->vms[vm];
	cleanup_free char *host = json_try_text(server, "host");
	cleanup_free char *host_status = json_try_text(server, "host_status");
	cleanup_free char *power = json_try_text(server, "power_state");

	free_all(mv->vim_state, mv->id, mv->task, mv->updated);
	mv->vim_state = json_try_text(server, "state");
	mv->id = json_try_text(server, "id");
	mv->task = json_try_text(server, "task");
	mv->updated = json_try_text(server, "updated");
	manager_set_host(m, vm, host);
	*report = (struct vim_report){
		.at = d->project->started,
		.presence = PRESENCE_LISTED,
		.absent_since = MANAGER_NEVER,
		.absent_at = MANAGER_NEVER,
		.state = state_of(mv->vim_state),
		.power = power_of(power),
		/* The embedded VIM's host is this machine. */
		.host = d->watch.cloud ? host_of(host_status) : HOST_UP,
		.ever_on_host = host ? TRI_YES : TRI_UNKNOWN,
		.task = mv->task ? TRI_YES : TRI_NO,
		.locked = json_try_bool(server, "locked"),
		.stopped_by_user = TRI_UNKNOWN,
	};
	if (report->state != SERVER_STOPPED)
		free(steal_ptr(mv->action_of));
	/* Nova's power sync stops a server whose guest went off; that action has no user. */
	if (report->state == SERVER_STOPPED && streq(mv->action_of, mv->updated ? mv->updated : ""))
		report->stopped_by_user = mv->stopped_by_user;
	else if (report->state == SERVER_STOPPED)
		d->ask_actions = true;
}

/* A complete list is without it. */
static void take_absence(struct managed *d, size_t vm)
{
	struct vim_report *report = &d->manager->fleet.vms[vm].seen.vim;
	int64_t at = d->project->started;

	if (report->presence != PRESENCE_ABSENT)
		*report = (struct vim_report){.presence = PRESENCE_ABSENT,
					      .at = report->at,
					      .host = report->host,
					      .absent_since = at};
	report->absent_at = at;
	free(steal_ptr(d->manager->vms[vm].vim_state));
}

static bool is_of(const json_t *server, const char *key, const char *value)
{
	return streq(json_string_value(json_object_get(server, key)), value);
}

/* Of tenant, deployment, then name. */
static int compare_names(const char *const a[3], const char *const b[3])
{
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = strcmp(a[i], b[i]);
	return r;
}

struct listed_vm {
	const char *names[3];
	struct managed *of;
	size_t number; /* of the VM in the tables */
	bool listed;
};

static int compare_listed(const void *a, const void *b)
{
	const struct listed_vm *x = a, *y = b;

	return compare_names(x->names, y->names);
}

/* The project's VMs, sorted. The caller frees. */
static struct listed_vm *vms_of(const struct project *p, size_t *ret_n)
{
	const struct manager *m = p->manager;
	struct listed_vm *vms = xcalloc(m->fleet.n_vms + 1, sizeof(*vms));
	size_t n = 0;

	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		struct managed *d = m->vms[i].of;
		if (d->project == p)
			vms[n++] = (struct listed_vm){
				{d->watch.tenant, d->watch.deployment, m->vms[i].watch->name},
				d,
				i,
				false};
	}
	qsort(vms, n, sizeof(*vms), compare_listed);
	*ret_n = n;
	return vms;
}

static void take_servers(struct project *p, const json_t *servers, bool complete)
{
	size_t n;
	struct listed_vm *vms = vms_of(p, &n);

	json_for_each (server, servers) {
		const struct listed_vm wanted = {
			.names = {json_string_value(json_object_get(server, "tenant")),
				  json_string_value(json_object_get(server, "deployment")),
				  json_string_value(json_object_get(server, "server"))}};
		if (!wanted.names[0] || !wanted.names[1] || !wanted.names[2] ||
		    json_is_true(json_object_get(server, "deleted")))
			continue;
		struct listed_vm *vm = bsearch(&wanted, vms, n, sizeof(*vms), compare_listed);
		if (!vm)
			continue;
		vm->listed = true;
		take_server(vm->of, vm->number, server);
	}
	for (size_t i = 0; complete && i < n; i++)
		if (!vms[i].listed)
			take_absence(vms[i].of, vms[i].number);
	free(vms);
}

static void note_api(const struct project *p, bool answered)
{
	struct fleet *f = &p->manager->fleet;
	const char *name = p->cloud ? p->cloud : LOCAL_CLOUD;

	for (size_t i = 0; i < f->n_domains; i++)
		if (f->domains[i].kind == DOMAIN_CLOUD && streq(f->domains[i].name, name) &&
		    f->domains[i].n_controls)
			answers_note(&f->domains[i].controls[0], p->started, answered);
}

static void take_project_line(void *data, const char *line, size_t len)
{
	struct project *p = data;

	add_line(&p->text, line, len);
}

static void project_done(void *data, const struct job_result *result)
{
	struct project *p = data;
	struct manager *m = p->manager;

	p->job = NULL;
	m->looks--;
	free(steal_ptr(p->error));
	cleanup_json json_t *answer = take_answer(&p->text, result, &p->error);
	note_api(p, answer != NULL);
	if (!answer)
		return;
	p->answered_at = p->started;
	const json_t *project = json_array_get(json_object_get(answer, "projects"), 0);
	const json_t *partial = json_object_get(project, "partial");
	if (project)
		take_servers(p, json_object_get(project, "servers"), json_is_false(partial));
}

static int start(struct managed *d, const char *verb, const struct job_handler *handler,
		 struct job **ret, struct err *err)
{
	struct manager *m = d->manager;
	cleanup_free char *path = registry_path(m->registry, d->watch.tenant, d->watch.deployment,
						d->generation, "resolved.xml");
	const char *argv[JOB_ARGUMENTS] = {m->conf.dnsvnf,
					   verb,
					   "-o",
					   "json",
					   path,
					   "--vim",
					   d->watch.cloud ? d->watch.cloud : LOCAL_CLOUD};

	int r = job_start(m->loop, argv, LOOK_TIMEOUT_MS, handler, ret, err);
	if (r == 0)
		m->looks++;
	return r;
}

static struct managed *first_of(const struct project *p)
{
	struct manager *m = p->manager;
	struct managed **found = array_find(m->deployments, m->n_deployments, (*it)->project == p);

	return found ? *found : NULL;
}

struct job_handler look_handler(struct project *p)
{
	return (struct job_handler){take_project_line, project_done, p};
}

void look_start(struct project *p, int64_t now)
{
	struct managed *d = first_of(p);
	cleanup_err struct err err = ERR_INIT;
	const struct job_handler handler = look_handler(p);

	p->due = now + 1000 * (int64_t)p->manager->conf.look_s;
	if (!d || p->job || p->manager->looks >= LOOKS_AT_ONCE)
		return;
	p->started = now;
	if (start(d, "servers", &handler, &p->job, &err) == 0)
		return;
	free(p->error);
	p->error = xstrdup(err.text);
	note_api(p, false);
}

/* ---- who stopped them ---- */

static void take_actions_line(void *data, const char *line, size_t len)
{
	struct managed *d = data;

	add_line(&d->actions_text, line, len);
}

static enum tristate stopped_by_user(const json_t *server)
{
	const json_t *action = json_object_get(server, "last_action");
	const char *name = json_string_value(json_object_get(action, "action"));

	if (!name)
		return TRI_UNKNOWN;
	return streq(name, "stop") && json_is_string(json_object_get(action, "user")) ? TRI_YES
										      : TRI_NO;
}

static void take_actions(struct managed *d, const json_t *deployment)
{
	json_for_each (server, json_object_get(deployment, "servers"))
		for (size_t i = 0; i < d->watch.n_vms; i++) {
			struct managed_vm *mv = &d->manager->vms[d->first + i];
			struct vim_report *report = &d->manager->fleet.vms[d->first + i].seen.vim;
			if (!is_of(server, "server", d->watch.vms[i].name) ||
			    report->state != SERVER_STOPPED || !is_of(server, "state", "SHUTOFF"))
				continue;
			free(mv->action_of);
			mv->action_of = xstrdup(mv->updated ? mv->updated : "");
			mv->stopped_by_user = stopped_by_user(server);
			report->stopped_by_user = mv->stopped_by_user;
		}
}

static void actions_done(void *data, const struct job_result *result)
{
	struct managed *d = data;
	cleanup_free char *why = NULL; /* the servers' list tells that the VIM does not answer */

	d->actions = NULL;
	d->manager->looks--;
	cleanup_json json_t *answer = take_answer(&d->actions_text, result, &why);
	json_for_each (deployment, json_object_get(answer, "deployments"))
		if (is_of(deployment, "deployment", d->watch.deployment))
			take_actions(d, deployment);
}

struct job_handler look_actions_handler(struct managed *d)
{
	return (struct job_handler){take_actions_line, actions_done, d};
}

static void actions_start(struct managed *d, int64_t now)
{
	cleanup_err struct err err = ERR_INIT;
	const struct job_handler handler = look_actions_handler(d);

	d->ask_actions = false;
	d->actions_due = now + ACTION_RETRY_MS;
	if (start(d, "status", &handler, &d->actions, &err) < 0)
		d->actions = NULL;
}

void looks_start_due(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->n_projects; i++)
		if (now >= m->projects[i]->due)
			look_start(m->projects[i], now);
	for (size_t i = 0; i < m->n_deployments; i++) {
		struct managed *d = m->deployments[i];
		if (d->ask_actions && !d->actions && now >= d->actions_due &&
		    m->looks < LOOKS_AT_ONCE)
			actions_start(d, now);
	}
}
