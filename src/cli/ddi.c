// SPDX-License-Identifier: Apache-2.0
/* The files that follow from a plan of DNS, DHCP and addresses. */
#include <fcntl.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "ddi/check.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/plan.h"
#include "deploy/ddi.h"

/* FOLDER/MEMBER/PATH */
static int write_file(const char *folder, const char *member, const struct ddi_file *file,
		      struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s%s", folder, member, file->path);
	cleanup_free char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	int r = dir_make(parent, err);

	if (r < 0)
		return r;
	/* without fsync: there may be 40,000 */
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				    file->secret ? 0600 : 0644);
	r = fd < 0 ? -errno : write_all(fd, file->text, strlen(file->text));
	return r < 0 ? err_errno(err, r, "%s", path) : 0;
}

static int show_file(const struct ddi_options *o, const char *member, const struct ddi_file *file,
		     struct err *err)
{
	struct json_writer *w = o->common.json;

	if (w) {
		json_open_object(w, NULL);
		json_put_text(w, "member", member);
		json_put_text(w, "path", file->path);
		json_put_text(w, "text", file->text);
		json_close(w);
	} else if (o->folder) {
		printf("%s/%s%s\n", o->folder, member, file->path);
	} else {
		printf("==> %s:%s <==\n%s\n", member, file->path, file->text);
	}
	return o->folder ? write_file(o->folder, member, file, err) : 0;
}

static int show_plan(const struct ddi_options *o, struct ddi_plan *plan, struct err *err)
{
	cleanup_ddi_derived struct ddi_derived derived = {0};
	int r = 0;

	ddi_derive(plan, &derived);
	for (size_t m = 0; m < plan->n_members && r == 0; m++) {
		const char *name = plan->members[m].name;
		cleanup_ddi_files struct ddi_files files = {0};

		r = ddi_generate(&derived, &plan->members[m], o->interface, &files, err);
		for (size_t i = 0; i < files.n && r == 0; i++)
			r = show_file(o, name, &files.v[i], err);
		if (r < 0)
			return err_wrap(err, "%s", name);
	}
	return r;
}

static int show_file_plan(const struct ddi_options *o, struct findings *findings, struct err *err)
{
	const char *path = o->common.operand;
	cleanup_ddi_plan struct ddi_plan *plan = NULL;
	int r = ddi_read_file(path, &plan, findings, err);

	if (plan)
		ddi_check(plan, NULL, NULL, time(NULL), findings);
	findings_sort(findings);
	if (r < 0 || !plan || findings_count(findings, SEVERITY_ERROR))
		return r;
	return show_plan(o, plan, err);
}

static int show_model(const struct ddi_options *o, const struct model *model,
		      struct findings *findings, struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments && r == 0; d++) {
			cleanup_ddi_plan struct ddi_plan *plan = ddi_of_deployment(
				model, &model->tenants[t].deployments[d], findings);

			any |= plan != NULL;
			r = plan ? show_plan(o, plan, err) : 0;
		}
	if (r == 0 && !any)
		return err_set(err, INVALID,
			       "%s: no vm_group has an address plan: add a <configuration> with "
			       "the dst \"ddi.yaml\"",
			       o->common.operand);
	return r;
}

int verb_ddi(const struct verb *verb, const void *options)
{
	const struct ddi_options *o = options;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	cleanup_err struct err err = ERR_INIT;
	bool is_plan = ddi_is_plan(o->common.operand);
	int r = is_plan ? 0 : cli_read_design(verb, &o->common, &model, &findings);

	if (r)
		return r;
	if (o->common.json)
		json_open_array(o->common.json, "files");
	r = is_plan ? show_file_plan(o, &findings, &err) : show_model(o, model, &findings, &err);
	if (o->common.json)
		json_close(o->common.json);
	if (r < 0)
		return cli_fail(verb->name, &err);
	if (is_plan)
		cli_report_findings(&o->common, &findings, SEVERITY_ERROR);
	return is_plan && findings_count(&findings, SEVERITY_ERROR) ? EXIT_NOT_RIGHT : EXIT_DONE;
}
