// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "base/str.h"
#include "check/rule_text.h"
#include "cli/common.h"
#include "cli/sarif.h"
#include "cli/verb.h"
#include "deploy/design.h"

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

static void put_findings(struct json_writer *w, const struct findings *findings)
{
	json_open_array(w, NULL);
	for (size_t i = 0; i < findings->n; i++)
		put_finding(w, &findings->v[i]);
	json_close(w);
}

static void put_rule(struct json_writer *w, const struct rule_text *r)
{
	json_open_object(w, NULL);
	json_put_text(w, "rule", r->id);
	json_put_text(w, "severity", r->severity);
	json_put_text(w, "title", r->title);
	json_put_text(w, "text", r->text);
	json_put_text(w, "reason", r->reason);
	json_put_text(w, "remedy", r->remedy);
	json_put_text(w, "source", r->source);
	json_close(w);
}

static int list_rules(enum format format)
{
	static const char *const heads[] = {"RULE", "SEVERITY", "REQUIREMENT"};
	cleanup_json_writer struct json_writer w = {0};
	const struct rule_text *r;

	if (format == FORMAT_JSON) {
		json_open_array(&w, NULL);
		for (size_t i = 0; (r = rule_text_at(i)); i++)
			put_rule(&w, r);
		json_close(&w);
		return cli_print_json("check", &w, EXIT_DONE);
	}
	struct table table;
	table_init(&table, 3, heads);
	for (size_t i = 0; (r = rule_text_at(i)); i++) {
		table_add(&table, r->id);
		table_add(&table, r->severity);
		table_add(&table, r->title);
	}
	table_print(stdout, &table);
	return EXIT_DONE;
}

/* "LABEL    text", with the text in a second column. */
static void print_labelled(const char *label, const char *text)
{
	enum { INDENT = 9 };

	print_wrapped(stdout, text, printf("%-*s", INDENT, label), INDENT);
}

static int explain_rule(const char *id, enum format format)
{
	const struct rule_text *r = rule_text_find(id);
	cleanup_json_writer struct json_writer w = {0};

	if (!r) {
		fprintf(stderr,
			"dnsvnf check: unknown rule '%s'; run 'dnsvnf check --list' for all "
			"rules\n",
			id);
		return EXIT_USAGE;
	}
	if (format == FORMAT_JSON) {
		put_rule(&w, r);
		return cli_print_json("check", &w, EXIT_DONE);
	}
	printf("%s (%s): %s\n\n", r->id, r->severity, r->title);
	print_labelled("Rule", r->text);
	print_labelled("Reason", r->reason);
	print_labelled("Remedy", r->remedy);
	print_labelled("Source", r->source);
	return EXIT_DONE;
}

int verb_check(const struct verb *verb, const void *options)
{
	const struct check_options *o = options;
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	if (o->list)
		return list_rules(o->common.format);
	if (o->explain)
		return explain_rule(o->explain, o->common.format);
	if (design_read(o->common.operand, &model, &findings, &err) < 0) {
		cli_fail(verb->name, &err);
		return EXIT_NOT_RIGHT;
	}
	size_t errors = findings_count(&findings, SEVERITY_ERROR);
	int code = errors ? EXIT_NOT_RIGHT : EXIT_DONE;
	if (o->common.format != FORMAT_TEXT) {
		cleanup_json_writer struct json_writer w = {0};
		cleanup_free char *here = getcwd(NULL, 0);

		if (o->common.format == FORMAT_JSON)
			put_findings(&w, &findings);
		else
			put_sarif(&w, &findings, here ? here : "");
		return cli_print_json(verb->name, &w, code);
	}
	size_t warnings = findings_count(&findings, SEVERITY_WARNING);
	size_t notes = findings_count(&findings, SEVERITY_NOTE);
	cli_print_findings(stdout, &findings, SEVERITY_NOTE);
	printf("%s: %zu %s, %zu %s, %zu %s\n", o->common.operand, errors,
	       plural(errors, "error", "errors"), warnings, plural(warnings, "warning", "warnings"),
	       notes, plural(notes, "note", "notes"));
	return code;
}
