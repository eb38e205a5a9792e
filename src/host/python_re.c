// SPDX-License-Identifier: Apache-2.0
#include "host/python_re.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

/* regcomp() takes memory by the product of nested bounds. */
enum { PATTERN_MAX = 64, BOUNDS_MAX = 2, BOUND_MAX = 32 };

enum { UNKNOWN, GOES_ON };

struct translation {
	const char *at;
	struct strbuf posix;
	bool can_repeat; /* after an atom */
	unsigned depth, bounds;
	struct err *err;
};

static int refuse(struct translation *t, const char *why)
{
	return err_set(t->err, INVALID, "%s", why);
}

static void take(struct translation *t, size_t len, bool is_atom)
{
	strbuf_add(&t->posix, t->at, len);
	t->at += len;
	t->can_repeat = is_atom;
}

/* "[0-9a-f]", "[^0]", "[]a]" */
static int character_set(struct translation *t)
{
	const char *p = t->at + 1;

	p += *p == '^';
	for (const char *first = p; *p != ']' || p == first; p++) {
		if (!*p)
			return refuse(t, "unterminated character set");
		if (*p == '[' || *p == '\\')
			return UNKNOWN;
		if (p[1] == '-' && p[2] && p[2] != ']' && p[2] < p[0])
			return refuse(t, "bad character range");
	}
	take(t, (size_t)(p - t->at) + 1, true);
	return GOES_ON;
}

static int group(struct translation *t)
{
	if (t->at[1] == '?') {
		if (t->at[2] != ':')
			return UNKNOWN;
		strbuf_adds(&t->posix, "(");
		t->at += strlen("(?:");
		t->can_repeat = false;
	} else {
		take(t, 1, false);
	}
	t->depth++;
	return GOES_ON;
}

static int escape(struct translation *t)
{
	static const struct {
		char letter;
		const char *set;
	} sets[] = {
		{'d', "[0-9]"},        {'D', "[^0-9]"},       {'s', "[[:space:]]"},
		{'S', "[^[:space:]]"}, {'w', "[[:alnum:]_]"}, {'W', "[^[:alnum:]_]"},
	};
	char c = t->at[1];

	if (!c)
		return refuse(t, "bad escape (end of pattern)");
	if (ispunct((unsigned char)c)) {
		take(t, 2, true);
		return GOES_ON;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		if (sets[i].letter != c)
			continue;
		strbuf_adds(&t->posix, sets[i].set);
		t->at += 2;
		t->can_repeat = true;
		return GOES_ON;
	}
	if (isalpha((unsigned char)c) && !strchr("abfnrtvxuUNABZ", c))
		return refuse(t, "bad escape");
	return UNKNOWN;
}

/* A repetition of len bytes, and what may follow it: "?" changes what is found, not whether. */
static int repeat(struct translation *t, size_t len)
{
	if (!t->can_repeat)
		return refuse(t, "nothing to repeat");
	take(t, len, false);
	t->at += *t->at == '?';
	if (*t->at == '*' || *t->at == '?')
		return refuse(t, "multiple repeat");
	return *t->at == '+' || *t->at == '{' ? UNKNOWN : GOES_ON;
}

/* "{2}", "{1,}", "{1,4}" */
static int bound(struct translation *t)
{
	char *end;
	unsigned long low = 0, high;

	if (!isdigit((unsigned char)t->at[1]))
		return UNKNOWN;
	low = high = strtoul(t->at + 1, &end, 10);
	if (*end == ',') {
		const char *from = end + 1;

		high = strtoul(from, &end, 10);
		if (end == from || !isdigit((unsigned char)*from))
			high = low;
	}
	if (*end != '}' || ++t->bounds > BOUNDS_MAX)
		return UNKNOWN;
	if (low > high)
		return refuse(t, "min repeat greater than max repeat");
	if (high > BOUND_MAX)
		return UNKNOWN;
	return repeat(t, (size_t)(end - t->at) + 1);
}

static int translate_one(struct translation *t)
{
	switch (*t->at) {
	case '[':
		return character_set(t);
	case '(':
		return group(t);
	case ')':
		if (t->depth == 0)
			return refuse(t, "unbalanced parenthesis");
		t->depth--;
		take(t, 1, true);
		return GOES_ON;
	case '\\':
		return escape(t);
	case '*':
	case '+':
	case '?':
		return repeat(t, 1);
	case '{':
		return bound(t);
	case '^':
	case '$':
	case '|':
		take(t, 1, false);
		return GOES_ON;
	default:
		if (*t->at < ' ' || *t->at > '~')
			return UNKNOWN;
		take(t, 1, true);
		return GOES_ON;
	}
}

static int translate(struct translation *t)
{
	int r = GOES_ON;

	strbuf_adds(&t->posix, "^(");
	while (*t->at && r == GOES_ON)
		r = translate_one(t);
	if (r == GOES_ON && t->depth > 0)
		r = refuse(t, "missing ), unterminated subpattern");
	strbuf_adds(&t->posix, ")");
	return r;
}

int python_re_compile(const char *pattern, regex_t *ret, struct err *err)
{
	struct translation t = {.at = pattern, .err = err};
	int r = strlen(pattern) > PATTERN_MAX ? UNKNOWN : translate(&t);

	if (r == GOES_ON)
		r = regcomp(ret, t.posix.s, REG_EXTENDED | REG_NOSUB) == 0;
	strbuf_clear(&t.posix);
	return r;
}
