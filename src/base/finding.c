// SPDX-License-Identifier: Apache-2.0
#include "base/finding.h"

#include <stdarg.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/utf8.h"

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
	/* Names from a file may contain any bytes, and are printed to a terminal or JSON. */
	utf8_make_printable(one->text, "");
	va_end(ap);
}

void findings_also(struct findings *f, const char *file, unsigned line)
{
	struct finding *one = &f->v[f->n - 1];

	one->also_file = xstrdup(file);
	one->also_line = line;
}

size_t findings_count(const struct findings *f, enum severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < f->n; i++)
		count += f->v[i].severity == severity;
	return count;
}

/* Index of the first finding for the same file: files are ordered by first appearance. */
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

static void finding_clear(struct finding *f)
{
	free_all(f->file, f->path, f->text, f->also_file, f->waived);
}

/*
 * Whether a kept finding on the same line has the same text. Only a few are compared, since normal
 * files have few findings per line.
 */
static bool is_repeated(const struct findings *f, size_t kept, const struct finding *one)
{
	size_t first = kept > 256 ? kept - 256 : 0;

	for (size_t i = kept; i > first && f->v[i - 1].line == one->line; i--) {
		const struct finding *other = &f->v[i - 1];

		if (streq(other->rule, one->rule) && streq(other->text, one->text) &&
		    streq(other->file, one->file) && streq(other->path, one->path))
			return true;
	}
	return false;
}

static void drop_repeated(struct findings *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (is_repeated(f, kept, &f->v[i]))
			finding_clear(&f->v[i]);
		else
			f->v[kept++] = f->v[i];
	}
	f->n = kept;
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
	drop_repeated(f);
}

void findings_remove(struct findings *f, size_t i)
{
	finding_clear(&f->v[i]);
	memmove(f->v + i, f->v + i + 1, (--f->n - i) * sizeof(*f->v));
}

void findings_clear(struct findings *f)
{
	array_free(f->v, f->n, finding_clear);
	*f = (struct findings){0};
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return names[severity];
}
