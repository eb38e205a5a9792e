// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "check/check.h"
#include "cli/answer.h"
#include "cli/check_vim.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/ddi.h"
#include "deploy/design.h"

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

/* json may be NULL. */
static int list_rules(struct json_writer *json)
{
	static const char *const heads[] = {"RULE", "SEVERITY", "REQUIREMENT"};
	const struct rule_text *r;
	struct table table;

	if (json) {
		json_open_array(json, "rules");
		for (size_t i = 0; (r = rule_text_at(i)); i++)
			put_rule(json, r);
		json_close(json);
		return EXIT_DONE;
	}
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

static int explain_rule(const char *id, struct json_writer *json)
{
	const struct rule_text *r = rule_text_find(id);

	if (!r) {
		cleanup_free char *text = xasprintf("unknown rule '%s'", id);
		const char *hint = "run 'dnsvnf check --list' for all rules";
		fprintf(stderr, "dnsvnf check: %s; %s\n", text, hint);
		answer_usage_error(text, hint);
		return EXIT_USAGE;
	}
	if (json) {
		json_open_array(json, "rules");
		put_rule(json, r);
		json_close(json);
		return EXIT_DONE;
	}
	printf("%s (%s): %s\n\n", r->id, r->severity, r->title);
	print_labelled("Rule", r->text);
	print_labelled("Reason", r->reason);
	print_labelled("Remedy", r->remedy);
	print_labelled("Source", r->source);
	return EXIT_DONE;
}

static int print_sarif(const struct verb *verb, const struct findings *findings, int code)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_free char *here = getcwd(NULL, 0);
	cleanup_err struct err err = ERR_INIT;

	if (!here) {
		err_errno(&err, errno, "cannot name the current folder");
		return cli_fail(verb->name, &err);
	}
	put_sarif(&w, findings, here);
	return json_write_file(&w, stdout, JSON_INDENT(2), &err) < 0 ? cli_fail(verb->name, &err)
								     : code;
}

static int fail_to_read(const struct verb *verb, const struct err *err)
{
	cli_fail(verb->name, err);
	return EXIT_NOT_RIGHT;
}

int verb_check(const struct verb *verb, const void *options)
{
	const struct check_options *o = options;
	struct json_writer *json = o->common.json;
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	if (o->list)
		return list_rules(json);
	if (o->explain)
		return explain_rule(o->explain, json);
	struct check_vim vim = {.verb = verb, .options = &o->common};
	bool with_vim = o->common.vim || o->common.os_cloud;
	int r = ddi_is_plan(o->common.operand)
			? ddi_check_file(o->common.operand, &findings, &err)
			: design_read_with(o->common.operand, o->common.files,
					   with_vim ? check_vim : NULL, &vim, &model, &findings,
					   &err);
	if (r < 0 && vim.code != EXIT_DONE)
		return vim.code;
	if (r < 0)
		return with_vim ? cli_fail(verb->name, &err) : fail_to_read(verb, &err);
	size_t errors = findings_count(&findings, SEVERITY_ERROR);
	size_t warnings = findings_count(&findings, SEVERITY_WARNING);
	size_t notes = findings_count(&findings, SEVERITY_NOTE);
	int code = errors ? EXIT_NOT_RIGHT : EXIT_DONE;
	switch (o->common.format) {
	case FORMAT_SARIF:
		return print_sarif(verb, &findings, code);
	case FORMAT_JSON:
		json_put_text(json, "file", o->common.operand);
		json_put_uint64(json, "errors", errors);
		json_put_uint64(json, "warnings", warnings);
		json_put_uint64(json, "notes", notes);
		cli_put_findings(json, &findings, SEVERITY_NOTE);
		return code;
	case FORMAT_TEXT:
		break;
	}
	cli_print_findings(stdout, &findings, SEVERITY_NOTE);
	printf("%s: %zu %s, %zu %s, %zu %s\n", o->common.operand, errors,
	       plural(errors, "error", "errors"), warnings, plural(warnings, "warning", "warnings"),
	       notes, plural(notes, "note", "notes"));
	return code;
}
