// SPDX-License-Identifier: Apache-2.0
/* What in the VIM differs from the accepted descriptor: reported, not repaired. `dnsvnf plan`. */
#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/registry.h"

enum { PLAN_TIMEOUT_MS = 60000, PLANS_AT_ONCE = 2, TEXT_MAX = 1000, ANSWER_MAX = 4 << 20 };

static void take_line(void *data, const char *line, size_t len)
{
	struct managed *d = data;

	if (d->plan_text.len + len < ANSWER_MAX)
		strbuf_add(&d->plan_text, line, len);
}

/* The steps of a deploy that would change something, as text. */
static char *differences(const json_t *answer, const char *deployment)
{
	struct strbuf text = {0};

	json_for_each (one, json_object_get(answer, "deployments")) {
		if (!streq(json_string_value(json_object_get(one, "deployment")), deployment))
			continue;
		json_for_each (step, json_object_get(one, "steps")) {
			cleanup_free char *action = json_try_text(step, "action");
			cleanup_free char *kind = json_try_text(step, "kind");
			cleanup_free char *name = json_try_text(step, "name");
			cleanup_free char *why = json_try_text(step, "why");
			if (!action || !kind || !name || streq(action, "keep") ||
			    streq(action, "use") || text.len > TEXT_MAX)
				continue;
			strbuf_addf(&text, "%s%s %s %s", text.len ? "; " : "", action, kind, name);
			if (why)
				strbuf_addf(&text, " (%s)", why);
		}
	}
	return strbuf_steal(&text);
}

static void plan_done(void *data, const struct job_result *result)
{
	struct managed *d = data;
	cleanup_json json_t *answer =
		d->plan_text.s ? json_loadb(d->plan_text.s, d->plan_text.len, 0, NULL) : NULL;
	bool done = result->exit_code == 0 && answer && !json_object_get(answer, "error");

	strbuf_clear(&d->plan_text);
	d->plan = NULL;
	d->manager->plans--;
	if (!done || d->job || d->task != TASK_NONE)
		return;
	cleanup_free char *text = differences(answer, d->watch.deployment);
	if (streq(text, d->drift ? d->drift : ""))
		return;
	if (*text)
		note(d->manager, &(struct note){.type = "DRIFT", .status = "NOTE", .of = d},
		     "a deploy would: %s", text);
	else
		note(d->manager, &(struct note){.type = "DRIFT_ENDED", .status = "NOTE", .of = d},
		     "nothing differs from the descriptor");
	free(d->drift);
	d->drift = *text ? steal_ptr(text) : NULL;
}

struct job_handler drift_handler(struct managed *d)
{
	return (struct job_handler){take_line, plan_done, d};
}

static void plan_start(struct managed *d)
{
	struct manager *m = d->manager;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *path = registry_path(m->registry, d->watch.tenant, d->watch.deployment,
						d->generation, "resolved.xml");
	const char *argv[JOB_ARGUMENTS] = {m->conf.dnsvnf,
					   "plan",
					   "-o",
					   "json",
					   path,
					   "--vim",
					   d->watch.cloud ? d->watch.cloud : LOCAL_CLOUD};
	const struct job_handler handler = drift_handler(d);

	if (job_start(m->loop, argv, PLAN_TIMEOUT_MS, &handler, &d->plan, &err) == 0)
		m->plans++;
}

void drift_start_due(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->n_deployments && m->plans < PLANS_AT_ONCE; i++) {
		struct managed *d = m->deployments[i];
		if (d->job || d->plan || d->task != TASK_NONE || now < d->plan_due)
			continue;
		d->plan_due = now + 60000 * (int64_t)m->conf.drift_minutes;
		plan_start(d);
	}
}
