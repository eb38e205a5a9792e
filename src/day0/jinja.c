// SPDX-License-Identifier: Apache-2.0
#include "day0/jinja.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"

enum {
	DEPTH_MAX = 8,
	LIST_MAX = 256,
	STEPS_MAX = 10000,
	SIZE_MAX_RENDERED = 1 << 20,
};

struct jinja_variable {
	char *name;
	struct strv values; /* one, or the items of a list; a string begins with "'" */
	bool list;
};

struct jinja {
	const struct text *in;
	struct text_builder out;
	struct jinja_variable *variables;
	size_t n_variables;
	size_t at, end; /* what is rendered */
	size_t line;    /* of at */
	size_t tag;     /* length of the output after the last tag */
	unsigned depth, steps;
};

static bool render(struct jinja *j);

static void move_to(struct jinja *j, size_t to)
{
	for (; j->at < to; j->at++)
		j->line += j->in->s[j->at] == '\n';
}

static void put(struct jinja *j, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_builder_add(&j->out, s[i], text_line(j->in, j->line));
}

static void strip_output(struct jinja *j)
{
	struct text *t = &j->out.text;

	while (t->len > j->tag && isspace((unsigned char)t->s[t->len - 1])) {
		/* the line begins again with the next byte */
		if (t->len > 1 && t->s[t->len - 2] == '\n')
			t->n_lines--;
		t->len--;
	}
	if (t->len == 0)
		t->n_lines = 0;
}

static struct jinja_variable *find(struct jinja *j, const char *name)
{
	return array_find(j->variables, j->n_variables, streq(it->name, name));
}

/* The variable, without values. */
static struct jinja_variable *reset(struct jinja *j, const char *name)
{
	struct jinja_variable *v = find(j, name);

	if (!v) {
		v = array_push(j->variables, j->n_variables);
		v->name = xstrdup(name);
	}
	strv_clear(&v->values);
	v->list = false;
	return v;
}

/* A string in quotes, a number, or a variable with one value. False: its value is not known. */
static bool scalar(struct jinja *j, const char *expression, struct strv *ret)
{
	size_t n = strlen(expression);
	bool quoted = n >= 2 && strchr("'\"", expression[0]) && expression[n - 1] == expression[0];
	const struct jinja_variable *v = find(j, expression);

	if (quoted && !memchr(expression + 1, expression[0], n - 2) && !strchr(expression, '\\'))
		strv_take(ret, xasprintf("'%.*s", (int)n - 2, expression + 1));
	else if (n > 0 && strspn(expression, "0123456789") == n)
		strv_add(ret, expression);
	else if (v && !v->list && v->values.n == 1)
		strv_add(ret, v->values.v[0]);
	else
		return false;
	return true;
}

/* "range(4)", "range(1, 4)" */
static bool range(const char *expression, struct strv *ret)
{
	int64_t bounds[2] = {0, 0};
	cleanup_free char *copy = xstrdup(expression);
	char *rest = copy + strlen("range("), *item;
	size_t n = strlen(rest), count = 0;

	if (n == 0 || rest[n - 1] != ')')
		return false;
	rest[n - 1] = 0;
	for (; (item = strsep(&rest, ",")); count++)
		if (count == 2 || str_to_int(str_trim(item), 0, 1 << 20, &bounds[count]) < 0)
			return false;
	if (count == 1) {
		bounds[1] = bounds[0];
		bounds[0] = 0;
	}
	if (bounds[1] - bounds[0] > LIST_MAX)
		return false;
	for (int64_t i = bounds[0]; i < bounds[1]; i++)
		strv_take(ret, xasprintf("%lld", (long long)i));
	return true;
}

/* The items of "['a', 'b']", a range, or a variable. False: they are not known. */
static bool list(struct jinja *j, const char *expression, struct strv *ret)
{
	size_t n = strlen(expression);
	const struct jinja_variable *v = find(j, expression);

	if (str_starts(expression, "range("))
		return range(expression, ret);
	if (v && v->list) {
		for (size_t i = 0; i < v->values.n; i++)
			strv_add(ret, v->values.v[i]);
		return true;
	}
	if (n < 2 || !strchr("[(", expression[0]) || !strchr("])", expression[n - 1]))
		return false;
	cleanup_free char *copy = xstrndup(expression + 1, n - 2);
	char *rest = copy, *item;
	while ((item = strsep(&rest, ",")))
		if (ret->n == LIST_MAX || (*str_trim(item) && !scalar(j, str_trim(item), ret)))
			return false;
	return true;
}

/* "NAME = EXPRESSION" */
static void set(struct jinja *j, char *s)
{
	char *sign = strchr(s, '=');
	struct strv values = {0};

	if (!sign)
		return;
	*sign = 0;
	char *value = str_trim(sign + 1);
	bool one = scalar(j, value, &values);
	bool many = !one && list(j, value, &values);
	struct jinja_variable *v = reset(j, str_trim(s));
	if (!one && !many)
		strv_clear(&values);
	v->list = many;
	v->values = values;
}

/* A condition of known values: "NAME == 'x'", "NAME != 'x'", true and false. */
static bool condition(struct jinja *j, char *s, bool *ret)
{
	char *equal = strstr(s, "=="), *unequal = strstr(s, "!="), *sign = equal ? equal : unequal;
	cleanup_strv struct strv sides = {0};

	if (str_in_words("true True false False", s)) {
		*ret = s[0] == 't' || s[0] == 'T';
		return true;
	}
	if (!sign)
		return false;
	*sign = 0;
	if (!scalar(j, str_trim(s), &sides) || !scalar(j, str_trim(sign + 2), &sides))
		return false;
	*ret = streq(sides.v[0], sides.v[1]) == (sign == equal);
	return true;
}

/* The tag that opens at j->at: moves past it, and returns what is in it. NULL if it does not end.
 */
static char *take_tag(struct jinja *j, const char *close)
{
	const char *s = j->in->s + j->at, *end = memmem(s, j->end - j->at, close, 2);

	if (!end || end < s + 2)
		return NULL;
	if (s[2] == '-')
		strip_output(j);
	const char *from = s + 2 + (s[2] == '-' || s[2] == '+');
	bool strips = end > from && end[-1] == '-';
	const char *to = end - strips;
	char *inside = xstrndup(from, to > from ? (size_t)(to - from) : 0);
	size_t after = (size_t)(end + 2 - j->in->s);
	if (strips)
		after += strspn(j->in->s + after, " \t\r\n");
	else if (close[0] == '%' && after < j->end && j->in->s[after] == '\n')
		after++; /* trim_blocks */
	move_to(j, after < j->end ? after : j->end);
	j->tag = j->out.text.len;
	return inside;
}

/*
 * From j->at, the place of the tag that ends the block: one of the words at the same depth. False:
 * there is none.
 */
static bool block_end(const struct jinja *j, const char *words, size_t *ret)
{
	size_t depth = 0;

	for (size_t i = j->at; i + 1 < j->end; i++) {
		const char *s = j->in->s + i;
		if (s[0] != '{' || s[1] != '%')
			continue;
		s += 2 + (s[2] == '-' || s[2] == '+');
		s += strspn(s, " \t");
		cleanup_free char *word = xstrndup(s, strspn(s, "abcdefghijklmnopqrstuvwxyz"));
		if (depth == 0 && *word && str_in_words(words, word)) {
			*ret = i;
			return true;
		}
		depth += streq(word, "for") || streq(word, "if");
		depth -= depth > 0 && (streq(word, "endfor") || streq(word, "endif"));
	}
	return false;
}

/* Renders what is from j->at to end, or moves past it. */
static bool render_block(struct jinja *j, size_t end, bool wanted)
{
	size_t outer = j->end;
	bool ok = true;

	if (wanted) {
		j->end = end;
		ok = render(j);
		j->end = outer;
	}
	move_to(j, end);
	return ok;
}

static bool skip_tag(struct jinja *j)
{
	cleanup_free char *tag = take_tag(j, "%}");

	return tag;
}

/* "NAME in LIST" */
static bool loop(struct jinja *j, char *s)
{
	char *in = strstr(s, " in ");
	cleanup_strv struct strv items = {0};
	size_t start = j->at, line = j->line, end;

	if (!in)
		return false;
	*in = 0;
	if (!list(j, str_trim(in + 4), &items) || !block_end(j, "endfor", &end))
		return false;
	cleanup_free char *name = xstrdup(str_trim(s));
	for (size_t i = 0; i < items.n; i++) {
		strv_add(&reset(j, name)->values, items.v[i]);
		j->at = start;
		j->line = line;
		if (!render_block(j, end, true))
			return false;
	}
	if (items.n == 0)
		move_to(j, end);
	return skip_tag(j);
}

/* "CONDITION", with "else"; "elif" is not known. */
static bool branch(struct jinja *j, char *s)
{
	bool holds;
	size_t end;

	if (!condition(j, str_trim(s), &holds) || !block_end(j, "else elif endif", &end) ||
	    !render_block(j, end, holds))
		return false;
	cleanup_free char *tag = take_tag(j, "%}");
	if (!tag || streq(str_trim(tag), "endif"))
		return tag;
	if (!streq(str_trim(tag), "else") || !block_end(j, "endif", &end) ||
	    !render_block(j, end, !holds))
		return false;
	return skip_tag(j);
}

static bool raw(struct jinja *j)
{
	size_t end;

	if (!block_end(j, "endraw", &end))
		return false;
	for (; j->at < end; move_to(j, j->at + 1))
		put(j, j->in->s + j->at, 1);
	return skip_tag(j);
}

static bool statement(struct jinja *j)
{
	cleanup_free char *inside = take_tag(j, "%}");
	char *s = inside ? str_trim(inside) : NULL;

	if (!s)
		return false;
	if (str_starts(s, "set ")) {
		set(j, s + 4);
		return true;
	}
	if (str_starts(s, "for "))
		return loop(j, s + 4);
	if (str_starts(s, "if "))
		return branch(j, s + 3);
	return streq(s, "raw") && raw(j);
}

static bool expression(struct jinja *j)
{
	size_t line = j->line;
	cleanup_free char *inside = take_tag(j, "}}");
	cleanup_strv struct strv value = {0};

	if (!inside)
		return false;
	size_t after = j->line;
	j->line = line;
	if (scalar(j, str_trim(inside), &value))
		put(j, value.v[0] + (value.v[0][0] == '\''),
		    strlen(value.v[0]) - (value.v[0][0] == '\''));
	else
		put(j, JINJA_UNKNOWN, strlen(JINJA_UNKNOWN));
	j->line = after;
	return true;
}

static bool render(struct jinja *j)
{
	bool ok = j->depth < DEPTH_MAX;

	j->depth++;
	while (ok && j->at < j->end) {
		const char *s = j->in->s + j->at;
		char next = s[0] == '{' && j->at + 1 < j->end ? s[1] : (char)0;
		if (next && strchr("{%#", next)) {
			ok = j->steps++ < STEPS_MAX && j->out.text.len < SIZE_MAX_RENDERED;
			cleanup_free char *comment = next == '#' ? take_tag(j, "#}") : NULL;
			ok = ok && (next == '{'   ? expression(j)
				    : next == '%' ? statement(j)
						  : comment != NULL);
			continue;
		}
		put(j, s, 1);
		move_to(j, j->at + 1);
	}
	j->depth--;
	return ok;
}

bool jinja_render(const struct text *template, struct text *ret)
{
	struct jinja j = {.in = template, .end = template->len, .out.text.file = template->file};
	bool ok = render(&j);

	for (size_t i = 0; i < j.n_variables; i++) {
		free(j.variables[i].name);
		strv_clear(&j.variables[i].values);
	}
	free(j.variables);
	struct text rendered;
	text_builder_finish(&j.out, text_line(template, template->n_lines), &rendered);
	if (ok)
		*ret = rendered;
	else
		text_clear(&rendered);
	return ok;
}
