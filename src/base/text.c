// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

enum { QUOTE_MAX = 72 };

/* Line i is line first + i * step, of the file or of the parent. */
static void init(struct text *t, const char *file, const struct text *parent, size_t first,
		 size_t step, const char *s, size_t len)
{
	*t = (struct text){.file = file, .s = xmemdup(s, len), .len = len, .n_lines = 1};
	for (size_t i = 0; i < len; i++)
		t->n_lines += s[i] == '\n';
	t->lines = xcalloc(t->n_lines, sizeof(*t->lines));
	for (size_t i = 0; i < t->n_lines; i++)
		t->lines[i] = parent ? text_line(parent, first + i * step) : (unsigned)(first + i);
}

void text_init(struct text *t, const char *file, const char *s, size_t len, unsigned first_line)
{
	init(t, file, NULL, first_line, 1, s, len);
}

void text_init_slice(struct text *t, const struct text *parent, size_t first, const char *s,
		     size_t len)
{
	init(t, parent->file, parent, first, 1, s, len);
}

void text_init_at(struct text *t, const struct text *parent, size_t line, const char *s, size_t len)
{
	init(t, parent->file, parent, line, 0, s, len);
}

void text_clear(struct text *t)
{
	free_all(t->s, t->lines);
	*t = (struct text){0};
}

void text_strip_tabs(struct text *t)
{
	size_t out = 0;
	bool start = true;

	for (size_t i = 0; i < t->len; i++) {
		if (start && t->s[i] == '\t')
			continue;
		start = t->s[i] == '\n';
		t->s[out++] = t->s[i];
	}
	t->s[out] = 0;
	t->len = out;
}

bool text_is_blank(const struct text *t)
{
	size_t i = 0;

	while (i < t->len && isspace((unsigned char)t->s[i]))
		i++;
	return i == t->len;
}

unsigned text_line(const struct text *t, size_t i)
{
	return t->n_lines == 0 ? 0 : t->lines[i < t->n_lines ? i : t->n_lines - 1];
}

void text_builder_add(struct text_builder *b, char c, unsigned line)
{
	struct text *t = &b->text;

	if (t->len == 0 || t->s[t->len - 1] == '\n') {
		if (t->n_lines == b->lines_room) {
			b->lines_room = b->lines_room ? b->lines_room * 2 : 64;
			t->lines = xreallocarray(t->lines, b->lines_room, sizeof(*t->lines));
		}
		t->lines[t->n_lines++] = line;
	}
	if (t->len == b->room) {
		b->room = b->room ? b->room * 2 : 1024;
		t->s = xreallocarray(t->s, b->room + 1, 1);
	}
	t->s[t->len++] = c;
}

void text_builder_finish(struct text_builder *b, unsigned line, struct text *ret)
{
	struct text *t = &b->text;

	t->s = xreallocarray(t->s, t->len + 1, 1);
	if (t->len == 0 || t->s[t->len - 1] == '\n') {
		t->lines = xreallocarray(t->lines, t->n_lines + 1, sizeof(*t->lines));
		t->lines[t->n_lines++] = line;
	}
	t->s[t->len] = 0;
	*ret = *t;
	*b = (struct text_builder){0};
}

void text_substitute(struct text *t, const char *name, const char *value, size_t *ret_count)
{
	cleanup_free char *wanted = xasprintf("${%s}", name);
	size_t wanted_len = strlen(wanted), value_len = strlen(value), line = 0;
	struct text_builder b = {.text.file = t->file};

	*ret_count = 0;
	for (size_t i = 0; i < t->len;) {
		if (t->len - i >= wanted_len && memcmp(t->s + i, wanted, wanted_len) == 0) {
			for (size_t j = 0; j < value_len; j++)
				text_builder_add(&b, value[j], text_line(t, line));
			i += wanted_len;
			(*ret_count)++;
			continue;
		}
		text_builder_add(&b, t->s[i], text_line(t, line));
		line += t->s[i++] == '\n';
	}
	unsigned last = text_line(t, line);
	text_clear(t);
	text_builder_finish(&b, last, t);
}

char *quotable_n(const char *s, size_t len)
{
	bool cut = len > QUOTE_MAX;

	if (cut) {
		len = QUOTE_MAX;
		while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--; /* not in the middle of a UTF-8 character */
	}
	char *q = xasprintf("%.*s%s", (int)len, s, cut ? "..." : "");
	utf8_make_printable(q, "");
	return q;
}

char *quotable(const char *s)
{
	return quotable_n(s, strlen(s));
}
