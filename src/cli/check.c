// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "check/check.h"
#include "cli/common.h"
#include "cli/sarif.h"
#include "cli/verb.h"
#include "deploy/design.h"

static void dump(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static json_t *finding_json(const struct finding *f)
{
	const struct check_rule *rule = check_rule_find(f->rule);
	json_t *o = json_pack("{s:s, s:s, s:s*, s:s, s:i, s:s*, s:s, s:s*}", "severity",
			      severity_name(f->severity), "rule", f->rule, "title",
			      rule ? rule->title : NULL, "file", f->file, "line", (int)f->line,
			      "path", f->path, "text", f->text, "waived", f->waived);

	if (f->also_file)
		json_object_set_new(
			o, "see",
			json_pack("{s:s, s:i}", "file", f->also_file, "line", (int)f->also_line));
	return o;
}

static void print_findings_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->n; i++)
		json_array_append_new(list, finding_json(&findings->v[i]));
	dump(list);
}

static json_t *rule_json(const struct check_rule *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "rule", r->id, "severity",
			 severity_name(r->severity), "title", r->title, "text", r->text, "reason",
			 r->reason, "remedy", r->remedy, "source", r->source);
}

static int list_rules(enum format format)
{
	static const char *const heads[] = {"RULE", "SEVERITY", "WHAT MUST HOLD"};
	const struct check_rule *r;

	if (format == FORMAT_JSON) {
		json_t *list = json_array();
		for (size_t i = 0; (r = check_rule_at(i)); i++)
			json_array_append_new(list, rule_json(r));
		dump(list);
		return EXIT_DONE;
	}
	struct table table;
	table_init(&table, 3, heads);
	for (size_t i = 0; (r = check_rule_at(i)); i++) {
		table_add(&table, r->id);
		table_add(&table, severity_name(r->severity));
		table_add(&table, r->title);
	}
	table_print(stdout, &table);
	return EXIT_DONE;
}

/* "LABEL    text", with the text in a column of its own. */
static void print_labelled(const char *label, const char *text)
{
	enum { INDENT = 9 };

	print_wrapped(stdout, text, printf("%-*s", INDENT, label), INDENT);
}

static int explain_rule(const char *id, enum format format)
{
	const struct check_rule *r = check_rule_find(id);

	if (!r) {
		fprintf(stderr,
			"dnsvnf check: unknown rule '%s'; 'dnsvnf check --list' names them\n", id);
		return EXIT_USAGE;
	}
	if (format == FORMAT_JSON) {
		dump(rule_json(r));
		return EXIT_DONE;
	}
	printf("%s (%s): %s\n\n", r->id, severity_name(r->severity), r->title);
	print_labelled("Rule", r->text);
	print_labelled("Reason", r->reason);
	print_labelled("Remedy", r->remedy);
	print_labelled("Source", r->source);
	return EXIT_DONE;
}

static void print_sarif(const struct findings *findings)
{
	cleanup_free char *here = getcwd(NULL, 0);

	dump(sarif_log(findings, here ? here : ""));
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
	if (o->common.format == FORMAT_JSON) {
		print_findings_json(&findings);
	} else if (o->common.format == FORMAT_SARIF) {
		print_sarif(&findings);
	} else {
		cli_print_findings(stdout, &findings, SEVERITY_NOTE);
		printf("%s: %zu errors, %zu warnings, %zu notes\n", o->common.operand, errors,
		       findings_count(&findings, SEVERITY_WARNING),
		       findings_count(&findings, SEVERITY_NOTE));
	}
	return errors ? EXIT_NOT_RIGHT : EXIT_DONE;
}
