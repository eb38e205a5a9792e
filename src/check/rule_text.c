// SPDX-License-Identifier: Apache-2.0
#include "check/check.h"

#include "base/alloc.h"
#include "base/str.h"

static const char document[] =
#include "rules.md.inc"
	;

static struct {
	struct rule_text *v;
	size_t n;
} rules;

/* "## ID (SEVERITY): TITLE" */
static void read_heading(char *line)
{
	struct rule_text *r = array_push(rules.v, rules.n);
	char *severity = strstr(line, " ("), *title = strstr(line, "): ");

	*r = (struct rule_text){line, severity + 2, title + 3, "", "", "", ""};
	*severity = *title = 0;
}

/* "- LABEL: TEXT", of the rule that was read last. */
static void read_item(struct rule_text *r, const char *line)
{
	const struct {
		const char *prefix;
		const char **ret;
	} items[] = {{"- Rule: ", &r->text},
		     {"- Reason: ", &r->reason},
		     {"- Remedy: ", &r->remedy},
		     {"- Source: ", &r->source}};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (str_starts(line, items[i].prefix))
			*items[i].ret = line + strlen(items[i].prefix);
}

/* Joins each item's lines, then reads line by line. The texts stay in the copy of the document,
 * which lives as long as the process. */
static void read_document(void)
{
	char *copy = xstrdup(document), *end = copy;

	for (const char *p = copy; *p; end++) {
		bool continued = str_starts(p, "\n  ");
		*end = continued ? ' ' : *p;
		p += continued ? 3 : 1;
	}
	*end = 0;
	for (char *next = copy, *line; (line = strsep(&next, "\n"));) {
		if (str_starts(line, "## "))
			read_heading(line + 3);
		else if (rules.n)
			read_item(&rules.v[rules.n - 1], line);
	}
}

const struct rule_text *rule_text_at(size_t i)
{
	if (!rules.n)
		read_document();
	return i < rules.n ? &rules.v[i] : NULL;
}

const struct rule_text *rule_text_find(const char *id)
{
	const struct rule_text *r;

	for (size_t i = 0; (r = rule_text_at(i)); i++)
		if (streq(r->id, id))
			return r;
	return NULL;
}
