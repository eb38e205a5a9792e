// SPDX-License-Identifier: Apache-2.0
#include "deploy/import.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/draft.h"

static void print_notes(const struct options *options, const struct strv *notes)
{
	if (options->json)
		json_put_texts(options->json, "notes", notes->v, notes->n);
	for (size_t i = 0; i < notes->n && !options->json; i++)
		printf("not shown: %s\n", notes->v[i]);
}

/* Whether it is in this folder: a name in a cloud is no path. */
static bool is_name_here(const char *name)
{
	return *name && !strchr(name, '/') && !streq(name, ".") && !streq(name, "..");
}

int verb_import(const struct verb *verb, const void *options)
{
	const struct import_options *o = options;
	const struct run_ctx run = {.interrupted = o->common.interrupted};
	cleanup_draft_files struct draft_files files = {0};
	cleanup_model struct model *model = NULL;
	cleanup_vim struct vim *vim = NULL;
	cleanup_strv struct strv notes = {0};
	cleanup_err struct err err = ERR_INIT;
	int code = target_open(verb, &o->common, NULL, NULL, &run, &vim);

	if (code != EXIT_DONE)
		return code;
	if (import_design(vim, o->servers, &model, &files, &notes, &err) < 0)
		return cli_fail(verb->name, &err);
	const char *folder = o->folder ? o->folder : model->tenants[0].deployments[0].name;
	int r = 0;
	if (!o->folder && !is_name_here(folder))
		r = err_set(&err, INVALID,
			    "the deployment's name \"%s\" cannot name a folder: give --folder",
			    folder);
	if (r == 0) /* the user data may have secrets */
		r = draft_write(folder, model, "Written by dnsvnf import.", &files, 0600, &err);
	if (r < 0)
		return cli_fail(verb->name, &err);
	print_notes(&o->common, &notes);
	return cli_report_written(verb, &o->common, folder, &files);
}
