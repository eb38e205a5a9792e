// SPDX-License-Identifier: Apache-2.0
#include "esc/element.h"

#include <stdarg.h>
#include <string.h>

#include "esc/node.h"

#include "base/utf8.h"

struct element *element_new(struct esc_reading *r, struct element *parent, const char *name,
			    unsigned line)
{
	if (r->n_elements++ >= ESC_ELEMENTS_MAX)
		return NULL;

	struct element *e = xcalloc(1, sizeof(*e));

	e->name = xstrdup(name);
	e->line = line;
	e->parent = parent;
	if (parent) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
		struct element **slot = array_push(parent->children, parent->n_children);

		*slot = e;
	}
	return e;
}

void element_free(struct element *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_children; i++)
		element_free(e->children[i]);
	free_all(e->children, e->name, e->space, e->attributes, e->operation);
	strbuf_clear(&e->text);
	free(e);
}

const char *element_text(const struct element *e)
{
	return e->text.s ? e->text.s : "";
}

const char *shown(const char *s, char buffer[static 64])
{
	size_t len = strnlen(s, 64);
	bool cut = len > 60;

	if (cut) {
		len = 60;
		while (len > 57 && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--; /* a UTF-8 continuation byte */
	}
	memcpy(buffer, s, len);
	memcpy(buffer + len, cut ? "..." : "", cut ? 4 : 1);
	utf8_make_printable(buffer, "");
	return buffer;
}

void make_ascii(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			*s = '.';
}

/* Identifies e among the entries of its list, by its keys or, without them, by its position. */
static void add_predicate(struct strbuf *path, const struct element *e)
{
	size_t before = path->len;
	bool keyed = false;
	char buffer[64];

	for (const struct node *key = e->schema->child; key && key->is_key; key = key->next) {
		const struct element *leaf = NULL;

		for (size_t i = 0; i < e->n_children && !leaf; i++)
			if (e->children[i]->schema == key)
				leaf = e->children[i];
		keyed = leaf != NULL;
		if (!keyed)
			break;
		strbuf_addf(path, "[%s='%s']", key->name, shown(element_text(leaf), buffer));
	}
	if (keyed)
		return;
	if (path->len > before) {
		path->len = before;
		path->s[before] = 0;
	}

	size_t position = 1;
	for (size_t i = 0; e->parent && e->parent->children[i] != e; i++)
		position += strcmp(e->parent->children[i]->name, e->name) == 0;
	strbuf_addf(path, "[%zu]", position);
}

/* "/esc_datamodel/tenants/tenant[name='t']"; the caller frees. */
static char *element_path(const struct element *e)
{
	const struct element *way[ESC_DEPTH_MAX + 2];
	cleanup_strbuf struct strbuf path = {0};
	size_t n = 0;

	for (; e && n < ARRAY_SIZE(way); e = e->parent)
		if (e->name[0])
			way[n++] = e;
	while (n-- > 0) {
		strbuf_addf(&path, "/%s", way[n]->name);
		if (way[n]->schema && way[n]->schema->kind == NODE_LIST)
			add_predicate(&path, way[n]);
	}
	return strbuf_steal(&path);
}

/* Whether to keep one more finding. At the limit, adds one that says so. */
static bool room(struct esc_reading *r)
{
	if (++r->n_findings == ESC_FINDINGS_MAX)
		findings_add(r->findings, SEVERITY_ERROR, "descriptor-syntax", r->file, 0, NULL,
			     "too many findings: only the first %d are listed",
			     ESC_FINDINGS_MAX - 1);
	return r->n_findings < ESC_FINDINGS_MAX;
}

void report(struct esc_reading *r, enum severity severity, const char *rule,
	    const struct element *e, const char *fmt, ...)
{
	if (!room(r))
		return;

	cleanup_free char *path = element_path(e);
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(r->findings, severity, rule, r->file, e->line, path, "%s", text);
}

void report_syntax(struct esc_reading *r, unsigned line, const char *fmt, ...)
{
	if (!room(r))
		return;

	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(r->findings, SEVERITY_ERROR, "descriptor-syntax", r->file, line, NULL, "%s",
		     text);
}
