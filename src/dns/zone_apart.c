// SPDX-License-Identifier: Apache-2.0
/* ldns reads zones in a process of its own: it ends by an assertion when there is no memory. */
#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/run.h"
#include "dns/zone.h"

struct question {
	const struct text *text;
	const char *origin, *query;
};

/* Findings of the child have names of rules that are there only. */
static const char *const rules[] = {"zone-syntax", "zone-soa",    "zone-ns",      "zone-glue",
				    "zone-cname",  "zone-serial", "zone-outside", "zone-unread"};

/* A line for the answer, and one a finding: severity, line, the other line, rule and text. */
static int answer(int output, const void *data)
{
	const struct question *q = data;
	cleanup_findings struct findings found = {0};
	cleanup_strbuf struct strbuf lines = {0};
	struct zone_answer a;

	zone_check(q->text, q->origin, q->query, &found, &a);
	strbuf_addf(&lines, "%d %lld\n", (int)a.query, (long long)a.ttl_s);
	for (size_t i = 0; i < found.n; i++) {
		const struct finding *f = &found.v[i];
		strbuf_addf(&lines, "%d %u %u %s %s\n", (int)f->severity, f->line,
			    f->also_file ? f->also_line : 0, f->rule, f->text);
	}
	return write_all(output, lines.s, lines.len) < 0;
}

static bool add_finding(const char *line, const char *file, struct findings *findings)
{
	unsigned severity, number, also;
	char rule[32];
	int n = 0;

	if (sscanf(line, "%u %u %u %31s %n", &severity, &number, &also, rule, &n) != 4 || n == 0 ||
	    severity > SEVERITY_NOTE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!streq(rules[i], rule))
			continue;
		findings_add(findings, severity, rules[i], file, number, NULL, "%s", line + n);
		if (also)
			findings_also(findings, file, also);
		return true;
	}
	return false;
}

static bool read_answer(char *lines, const char *file, struct findings *findings,
			struct zone_answer *ret)
{
	char *rest = lines, *line = strsep(&rest, "\n");
	long long ttl_s;
	int query;

	if (sscanf(line, "%d %lld", &query, &ttl_s) != 2)
		return false;
	*ret = (struct zone_answer){(enum zone_query)query, ttl_s};
	while ((line = strsep(&rest, "\n")) && rest) /* each line ends with a newline */
		if (!add_finding(line, file, findings))
			return false;
	return true;
}

void zone_check_apart(const struct text *text, const char *origin, const char *query,
		      struct findings *findings, struct zone_answer *ret)
{
	const struct question question = {text, origin, query};
	cleanup_strbuf struct strbuf lines = {0};
	cleanup_err struct err err = ERR_INIT;
	int r = run_apart(answer, &question, &lines, &err);

	if (r == 0 && read_answer(lines.s, text->file, findings, ret))
		return;
	*ret = (struct zone_answer){.query = ZONE_QUERY_UNKNOWN, .ttl_s = -1};
	report(findings, text, 0, SEVERITY_WARNING, "zone-unread",
	       "the zone %s is not checked: the process that reads it failed%s%s", origin,
	       r < 0 ? ": " : "", r < 0 ? err.text : "");
}
