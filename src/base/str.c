// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"

/* Doubles the capacity, so that a text built from many pieces is not copied each time. */
static size_t room_for(size_t len)
{
	size_t room = 32;

	while (room <= len)
		room *= 2;
	return room;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!b->s || room_for(b->len + len) > room_for(b->len))
		b->s = xreallocarray(b->s, room_for(b->len + len), 1);
	if (len)
		memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = 0;
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_adds(b, s);
	free(s);
}

void strbuf_clear(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){0};
}

char *strbuf_steal(struct strbuf *b)
{
	char *s = b->s ? b->s : xstrdup("");

	*b = (struct strbuf){0};
	return s;
}

bool streq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

const char *str_trim_n(const char *s, size_t *len)
{
	while (*len > 0 && isspace((unsigned char)*s)) {
		s++;
		--*len;
	}
	while (*len > 0 && isspace((unsigned char)s[*len - 1]))
		--*len;
	return s;
}

char *str_trim(char *s)
{
	size_t len = strlen(s);
	char *start = s + (str_trim_n(s, &len) - s);

	start[len] = 0;
	return start;
}

char *str_trimmed(const char *s, size_t len)
{
	s = str_trim_n(s, &len);
	return xstrndup(s, len);
}

bool str_in(const char *s, char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], s))
			return true;
	return false;
}

bool str_in_words(const char *list, const char *word)
{
	static const char parting[] = " ,\t\r\n";

	while (list && *list) {
		list += strspn(list, parting);
		size_t len = strcspn(list, parting);
		if (len > 0 && len == strlen(word) && strncmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* Levenshtein distance, ignoring case. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= ARRAY_SIZE(row) || strlen(a) >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			bool differ = tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]);
			size_t change = diagonal + differ;
			diagonal = row[j + 1];
			row[j + 1] = least(change, least(row[j], row[j + 1]) + 1);
		}
	}
	return row[n];
}

void guess_try(struct guess *g, const char *candidate)
{
	size_t changes = distance(g->word, candidate);

	if (changes < g->limit && changes < strlen(candidate)) {
		g->limit = changes;
		g->best = candidate;
	}
}

int str_to_int(const char *s, int64_t min, int64_t max, int64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)s[0]) && s[0] != '-')
		return -EINVAL;
	errno = 0;
	long long value = strtoll(s, &end, 10);
	if (end == s || *end)
		return -EINVAL;
	if (errno || value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

void strv_add(struct strv *l, const char *s)
{
	strv_take(l, xstrdup(s));
}

void strv_take(struct strv *l, char *s)
{
	*array_push(l->v, l->n) = s;
}

bool strv_contains(const struct strv *l, const char *s)
{
	return str_in(s, l->v, l->n);
}

void strv_clear(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){0};
}
