// SPDX-License-Identifier: Apache-2.0
/* Findings for people and for programs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/output.h"
#include "base/str.h"
#include "check/check.h"
#include "cli/common.h"
#include "cli/verb.h"

enum { INDENT = 4, WIDTH_MIN = 40, WIDTH_MAX = 120 };

/* Columns of the terminal; 0: out is not a terminal. */
static int terminal_width(FILE *out)
{
	int columns = output_columns(out);

	if (columns == 0)
		return 0;
	return columns < WIDTH_MIN ? 80 : columns < WIDTH_MAX ? columns : WIDTH_MAX;
}

/* Bold red, bold magenta, bold blue: as compilers do. */
static const char *color_of(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return "\033[1;31m";
	case SEVERITY_WARNING:
		return "\033[1;35m";
	case SEVERITY_NOTE:
		return "\033[1;34m";
	}
	return "";
}

static void print_finding(FILE *out, const struct finding *f, int width, bool color)
{
	cleanup_strbuf struct strbuf text = {0};
	int column = fprintf(out, "%s", f->file);

	if (f->line)
		column += fprintf(out, ":%u", f->line);
	column += fprintf(out, ": ");
	output_control(out, color ? color_of(f->severity) : "");
	column += fprintf(out, "%s:", severity_name(f->severity));
	output_control(out, color ? "\033[0m" : "");
	strbuf_addf(&text, "%s", f->text);
	if (f->also_file)
		strbuf_addf(&text, " (see %s:%u)", f->also_file, f->also_line);
	strbuf_addf(&text, " [%s]", f->rule);
	if (width == 0) {
		fprintf(out, " %s\n", text.s);
		return;
	}
	fputc(' ', out);
	print_wrapped_at(out, text.s, column + 1, INDENT, width);
}

void cli_print_findings(FILE *out, const struct findings *findings, enum severity least)
{
	const char *no_color = getenv("NO_COLOR");
	int width = terminal_width(out);
	bool color = width > 0 && !(no_color && *no_color);

	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].severity <= least)
			print_finding(out, &findings->v[i], width, color);
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
