// SPDX-License-Identifier: Apache-2.0
#include "check/rule_text.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

static const char document[] =
#include "rules.md.inc"
	;

static struct {
	struct rule_text *v;
	size_t n;
} rules;

/* The text after prefix if line starts with it, else NULL. */
static char *after(char *line, const char *prefix)
{
	return str_starts(line, prefix) ? line + strlen(prefix) : NULL;
}

/* "## ID (SEVERITY): TITLE" */
static void read_heading(char *line)
{
	struct rule_text *r = array_push(rules.v, rules.n);
	char *severity = strstr(line, " ("), *title = strstr(line, "): ");

	*r = (struct rule_text){line, severity + 2, title + 3, "", "", "", ""};
	*severity = *title = 0;
}

/* "- LABEL: TEXT", of the rule that was read last. */
static void read_item(char *line)
{
	struct rule_text *r = &rules.v[rules.n - 1];
	const struct {
		const char *prefix;
		const char **text;
	} items[] = {{"- Rule: ", &r->rule},
		     {"- Reason: ", &r->reason},
		     {"- Remedy: ", &r->remedy},
		     {"- Source: ", &r->source}};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (str_starts(line, items[i].prefix))
			*items[i].text = line + strlen(items[i].prefix);
}

/* Joins the continuation lines of each item to its first line, then reads line by line. The texts
 * stay in the copy, which lives as long as the process. */
static void read_document(void)
{
	char *copy = xstrdup(document);

	for (char *p = copy; (p = strstr(p, "\n  "));)
		memmove(p + 1, p + 3, strlen(p + 3) + 1), *p = ' ';
	for (char *next = copy, *line; (line = strsep(&next, "\n"));) {
		if (after(line, "## "))
			read_heading(after(line, "## "));
		else if (rules.n)
			read_item(line);
	}
}

const struct rule_text *rule_text_find(const char *id)
{
	static const struct rule_text none = {"", "", "", "", "", "", ""};

	if (!rules.n)
		read_document();
	for (size_t i = 0; i < rules.n; i++)
		if (streq(rules.v[i].id, id))
			return &rules.v[i];
	return &none;
}
