// SPDX-License-Identifier: Apache-2.0
#include "deploy/ddi.h"

#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "check/check.h"
#include "day0/day0.h"
#include "ddi/check.h"
#include "ddi/plan.h"
#include "ddi/read.h"
#include "ddi/site.h"
#include "model/model.h"

/* ---- of a deployment ---- */

struct origin {
	const struct model *model;
	const struct vm_group *group;
	const struct configuration *plan;
};

static const struct configuration *find_configuration(const struct vm_group *group, const char *dst)
{
	return array_find(group->configurations, group->n_configurations, streq(it->dst, dst));
}

static const char *variable_of(void *data, const char *name)
{
	const struct configuration *c = ((struct origin *)data)->plan;
	const struct variable *v = array_find(c->variables, c->n_variables, streq(it->name, name));

	return v && v->values.n ? v->values.v[0] : NULL;
}

static void text_of(const struct model *model, const struct configuration *c, struct text *ret)
{
	text_init(ret, c->path ? c->path : model->file, c->content, c->content_len,
		  c->path ? 1 : c->source_line);
}

static int open_configuration(void *data, const char *path, struct text *ret, struct err *err)
{
	const struct origin *o = data;
	const struct configuration *c = find_configuration(o->group, path);
	cleanup_free char *q = quotable(path);
	size_t count;

	if (!c)
		return err_set(err, NOT_FOUND,
			       "vm_group %s has no <configuration> with the dst \"%s\": add it",
			       o->group->name, q);
	if (!c->content)
		return err_set(err, NOT_FOUND, "\"%s\" was not read", q);
	text_of(o->model, c, ret);
	for (size_t i = 0; i < c->n_variables; i++)
		if (c->variables[i].values.n)
			text_substitute(ret, c->variables[i].name, c->variables[i].values.v[0],
					&count);
	return 0;
}

static bool same_variables(const struct configuration *a, const struct configuration *b)
{
	if (a->n_variables != b->n_variables)
		return false;
	for (size_t i = 0; i < a->n_variables; i++) {
		const struct variable *v = array_find(b->variables, b->n_variables,
						      streq(it->name, a->variables[i].name));

		if (!v || !v->values.n || !a->variables[i].values.n ||
		    !streq(v->values.v[0], a->variables[i].values.v[0]))
			return false;
	}
	return true;
}

static bool is_member(const struct deployment *deployment, const struct ddi_plan *plan,
		      const struct vm_group *group)
{
	unsigned index;

	return array_find(plan->members, plan->n_members,
			  ddi_member_group(deployment, it->name, &index) == group) != NULL;
}

/* All groups of the members, and all others with a plan, have the same one as the first. */
__attribute__((nonnull)) static void compare_groups(const struct origin *o,
						    const struct configuration *mine,
						    const struct deployment *deployment,
						    const struct ddi_plan *plan,
						    struct findings *findings)
{
	for (size_t i = 0; i < deployment->n_vm_groups; i++) {
		const struct vm_group *group = &deployment->vm_groups[i];
		const struct configuration *c = find_configuration(group, DAY0_PLAN_PATH);

		if (c == mine || (!c && !is_member(deployment, plan, group)))
			continue;
		if (!c)
			findings_add(findings, SEVERITY_ERROR, "ddi-plan-differs", o->model->file,
				     group->line, NULL,
				     "vm_group %s is a member of the plan but has no "
				     "<configuration> \"%s\": give it the same as vm_group %s",
				     group->name, DAY0_PLAN_PATH, o->group->name);
		else if (c->content && (c->content_len != mine->content_len ||
					memcmp(c->content, mine->content, c->content_len) != 0 ||
					!same_variables(c, mine)))
			findings_add(findings, SEVERITY_ERROR, "ddi-plan-differs", o->model->file,
				     c->line, NULL,
				     "the plan of vm_group %s differs from that of vm_group %s, or "
				     "its variables do: both must follow one plan",
				     group->name, o->group->name);
		else
			continue;
		findings_also(findings, o->model->file, mine->line);
	}
}

struct ddi_plan *ddi_of_deployment(const struct model *model, const struct deployment *deployment,
				   struct findings *findings)
{
	struct origin o = {.model = model};
	struct ddi_source source = {variable_of, open_configuration, &o, false};
	cleanup_text struct text text = {0};
	struct ddi_plan *plan;

	for (size_t g = 0; g < deployment->n_vm_groups && !o.plan; g++) {
		o.group = &deployment->vm_groups[g];
		o.plan = find_configuration(o.group, DAY0_PLAN_PATH);
	}
	if (!o.plan || !o.plan->content)
		return NULL;
	text_of(model, o.plan, &text);
	ddi_read(&text, &source, &plan, findings);
	if (plan)
		compare_groups(&o, o.plan, deployment, plan, findings);
	return plan;
}

void ddi_check_model(const struct model *model, struct findings *findings)
{
	struct ddi_plan **plans = NULL;
	size_t n = 0;

	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			const struct deployment *dep = &model->tenants[t].deployments[d];
			size_t from = findings->n;
			struct ddi_plan *plan = ddi_of_deployment(model, dep, findings);

			if (!plan)
				continue;
			*array_push(plans, n) = plan;
			ddi_check(plan, model, dep, time(NULL), findings);
			check_waive(model, dep, NULL, findings, from);
		}
	size_t before = findings->n;
	ddi_check_apart(plans, n, findings);
	check_waive(model, NULL, NULL, findings, before);
	for (size_t i = 0; i < n; i++)
		ddi_plan_free(plans[i]);
	free(plans);
}

/* ---- a file alone ---- */

bool ddi_is_plan(const char *path)
{
	return str_ends(path, ".yaml") || str_ends(path, ".yml");
}

static bool leads_out(const char *path)
{
	const char *next;

	for (const char *p = path; *p; p = next) {
		next = p + strcspn(p, "/");
		next += *next == '/';
		if (str_starts(p, "..") && (p[2] == '/' || !p[2]))
			return true;
	}
	return path[0] == '/';
}

/* A file beside the plan; *data is the plan's path. The file's path lives as long as `shown`. */
struct folder {
	const char *plan;
	char *shown;
};

static int open_beside(void *data, const char *path, struct text *ret, struct err *err)
{
	struct folder *f = data;
	const char *slash = strrchr(f->plan, '/');
	struct stat st;
	cleanup_free char *content = NULL, *q = quotable(path);
	size_t len;

	if (leads_out(path))
		return err_set(
			err, INVALID,
			"\"%s\" is not below the folder of the plan: give a path relative to "
			"it",
			q);
	free(f->shown);
	f->shown =
		slash ? xasprintf("%.*s/%s", (int)(slash - f->plan), f->plan, path) : xstrdup(path);
	/* A plan may name 10,000 files: of a FIFO each would be waited for. */
	bool there = stat(f->shown, &st) == 0;
	if (there && !S_ISREG(st.st_mode))
		return err_set(err, INVALID, "%s is not a regular file", f->shown);
	if (there && st.st_size > DDI_RECORDS_MAX)
		return err_set(err, INVALID, "%s is larger than %d bytes", f->shown,
			       DDI_RECORDS_MAX);
	int r = file_read(f->shown, DDI_RECORDS_MAX, &content, &len, err);
	if (r < 0)
		return r;
	text_init(ret, f->shown, content, len, 1);
	return 0;
}

int ddi_read_file(const char *path, struct ddi_plan **ret_plan, struct findings *findings,
		  struct err *err)
{
	struct folder folder = {.plan = path};
	struct ddi_source source = {
		.open = open_beside, .data = &folder, .variables_unknown = true};
	cleanup_text struct text text = {0};
	cleanup_free char *content = NULL;
	size_t len;
	int r = file_read(path, DDI_FILE_MAX, &content, &len, err);

	if (r < 0)
		return r;
	text_init(&text, path, content, len, 1);
	ddi_read(&text, &source, ret_plan, findings);
	free(folder.shown);
	return 0;
}

int ddi_check_file(const char *path, struct findings *findings, struct err *err)
{
	cleanup_ddi_plan struct ddi_plan *plan = NULL;
	int r = ddi_read_file(path, &plan, findings, err);

	if (r == 0 && plan)
		ddi_check(plan, NULL, NULL, time(NULL), findings);
	findings_sort(findings);
	return r;
}
