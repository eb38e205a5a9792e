// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <stdio.h>

#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/design.h"

static void print_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->v[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:s*, s:s}", "severity",
						      severity_name(f->severity), "rule", f->rule,
						      "file", f->file, "line", (int)f->line, "path",
						      f->path, "text", f->text));
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}

int verb_check(const struct options *options)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	if (design_read(options->operand, &model, &findings, &err) < 0) {
		cli_fail("check", &err);
		return EXIT_NOT_RIGHT;
	}
	size_t errors = findings_count(&findings, SEVERITY_ERROR);
	if (options->json) {
		print_json(&findings);
	} else {
		cli_print_findings(stdout, &findings);
		printf("%s: %zu errors, %zu warnings, %zu notes\n", options->operand, errors,
		       findings_count(&findings, SEVERITY_WARNING),
		       findings_count(&findings, SEVERITY_NOTE));
	}
	return errors ? EXIT_NOT_RIGHT : EXIT_DONE;
}
