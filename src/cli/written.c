// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/design.h"
#include "deploy/draft.h"

/* What was written, checked as `check` does. */
int cli_report_written(const struct verb *verb, const struct options *o, const char *folder,
		       const struct draft_files *files)
{
	cleanup_free char *path = xasprintf("%s/dep.xml", folder);
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	cleanup_err struct err err = ERR_INIT;

	if (design_read(path, o->files, &model, &findings, &err) < 0)
		return cli_fail(verb->name, &err);
	size_t errors = findings_count(&findings, SEVERITY_ERROR);
	size_t warnings = findings_count(&findings, SEVERITY_WARNING);
	if (o->json) {
		json_put_text(o->json, "file", path);
		json_open_array(o->json, "files");
		for (size_t i = 0; i < files->n; i++)
			json_put_text(o->json, NULL, files->v[i].path);
		json_close(o->json);
		json_put_uint64(o->json, "errors", errors);
		json_put_uint64(o->json, "warnings", warnings);
		cli_put_findings(o->json, &findings, SEVERITY_WARNING);
		return errors ? EXIT_NOT_RIGHT : EXIT_DONE;
	}
	printf("%s\n", path);
	for (size_t i = 0; i < files->n; i++)
		printf("%s/%s\n", folder, files->v[i].path);
	cli_print_findings(stdout, &findings, SEVERITY_WARNING);
	printf("check: %zu %s, %zu %s; next: dnsvnf plan %s\n", errors,
	       plural(errors, "error", "errors"), warnings, plural(warnings, "warning", "warnings"),
	       path);
	return errors ? EXIT_NOT_RIGHT : EXIT_DONE;
}
