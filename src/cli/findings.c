// SPDX-License-Identifier: Apache-2.0
/* Findings for people and for programs. */
#include <stdio.h>

#include "base/json_write.h"
#include "check/rule_text.h"
#include "cli/common.h"
#include "cli/verb.h"

void cli_print_findings(FILE *out, const struct findings *findings, enum severity least)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->v[i];
		if (f->severity > least)
			continue;
		fputs(f->file, out);
		if (f->line)
			fprintf(out, ":%u", f->line);
		fprintf(out, ": %s: %s", severity_name(f->severity), f->text);
		if (f->path)
			fprintf(out, " (%s)", f->path);
		if (f->also_file)
			fprintf(out, " (see %s:%u)", f->also_file, f->also_line);
		fprintf(out, " [%s]\n", f->rule);
	}
}

static void put_finding(struct json_writer *w, const struct finding *f)
{
	const struct rule_text *rule = rule_text_find(f->rule);

	json_open_object(w, NULL);
	json_put_text(w, "severity", severity_name(f->severity));
	json_put_text(w, "rule", f->rule);
	json_put_text_opt(w, "title", rule ? rule->title : NULL);
	json_put_text(w, "file", f->file);
	json_put_int64(w, "line", f->line);
	json_put_text_opt(w, "path", f->path);
	json_put_text(w, "text", f->text);
	json_put_text_opt(w, "waived", f->waived);
	if (f->also_file) {
		json_open_object(w, "see");
		json_put_text(w, "file", f->also_file);
		json_put_int64(w, "line", f->also_line);
		json_close(w);
	}
	json_close(w);
}

void cli_put_findings(struct json_writer *w, const struct findings *findings, enum severity least)
{
	json_open_array(w, "findings");
	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].severity <= least)
			put_finding(w, &findings->v[i]);
	json_close(w);
}

void cli_report_findings(const struct options *options, const struct findings *findings,
			 enum severity least)
{
	cli_print_findings(stderr, findings, least);
	if (options->json)
		cli_put_findings(options->json, findings, least);
}
