// SPDX-License-Identifier: Apache-2.0
#include "base/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void findings_add(struct findings *f, enum severity severity, const char *rule, const char *file,
		  unsigned line, const char *path, const char *fmt, ...)
{
	struct finding *one = array_push(f->v, f->n);
	va_list ap;

	one->severity = severity;
	one->rule = rule;
	one->file = xstrdup(file);
	one->line = line;
	one->path = xstrdup(path);
	va_start(ap, fmt);
	one->text = xvasprintf(fmt, ap);
	va_end(ap);
}

size_t findings_count(const struct findings *f, enum severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < f->n; i++)
		count += f->v[i].severity == severity;
	return count;
}

/* Position of the first finding that names the same file: the order in which files came up. */
static size_t file_rank(const struct findings *f, const char *file)
{
	size_t i = 0;

	while (i < f->n && strcmp(f->v[i].file ? f->v[i].file : "", file ? file : "") != 0)
		i++;
	return i;
}

struct keyed {
	size_t rank, index;
	struct finding finding;
};

static int compare(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->finding.line != y->finding.line)
		return x->finding.line < y->finding.line ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void findings_sort(struct findings *f)
{
	struct keyed *keyed = xcalloc(f->n, sizeof(*keyed));

	for (size_t i = 0; i < f->n; i++)
		keyed[i] = (struct keyed){file_rank(f, f->v[i].file), i, f->v[i]};
	qsort(keyed, f->n, sizeof(*keyed), compare);
	for (size_t i = 0; i < f->n; i++)
		f->v[i] = keyed[i].finding;
	free(keyed);
}

void findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].file);
		free(f->v[i].path);
		free(f->v[i].text);
	}
	free(f->v);
	*f = (struct findings){0};
}

const char *severity_name(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return "error";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_NOTE:
		return "note";
	}
	return "?";
}
