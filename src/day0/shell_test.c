// SPDX-License-Identifier: Apache-2.0
#include "day0/shell_test.h"

#include <fnmatch.h>

#include "base/alloc.h"
#include "model/guest.h"

static enum truth of(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

enum truth truth_not(enum truth truth)
{
	return truth == TRUTH_UNKNOWN ? truth : of(truth == TRUTH_NO);
}

/* "[" fails if one is no number; "[[" takes it for a variable's name. */
static enum truth compare_numbers(const char *a, const char *op, const char *b, bool twofold)
{
	int64_t x, y;

	if (str_to_int(a, INT32_MIN, INT32_MAX, &x) < 0 ||
	    str_to_int(b, INT32_MIN, INT32_MAX, &y) < 0)
		return twofold ? TRUTH_UNKNOWN : TRUTH_NO;
	return streq(op, "-eq")   ? of(x == y)
	       : streq(op, "-ne") ? of(x != y)
	       : streq(op, "-lt") ? of(x < y)
	       : streq(op, "-le") ? of(x <= y)
	       : streq(op, "-gt") ? of(x > y)
	       : streq(op, "-ge") ? of(x >= y)
				  : TRUTH_UNKNOWN;
}

/* What is between the brackets. What a file is, is known in the guest only. */
static enum truth expression(char *const *v, size_t n, bool pattern, bool twofold)
{
	if (n > 1 && streq(v[0], "!"))
		return truth_not(expression(v + 1, n - 1, pattern, twofold));
	for (size_t i = 0; i < n; i++)
		if (has_variable(v[i]) || str_in_words("-a -o ( )", v[i]))
			return TRUTH_UNKNOWN;
	if (n <= 1)
		return of(n == 1 && *v[0]);
	if (n == 2)
		return streq(v[0], "-n")   ? of(*v[1])
		       : streq(v[0], "-z") ? of(!*v[1])
					   : TRUTH_UNKNOWN;
	if (n > 3)
		return TRUTH_UNKNOWN;
	bool equal = streq(v[0], v[2]) || (pattern && fnmatch(v[2], v[0], 0) == 0);
	if (str_in_words("= ==", v[1]))
		return of(equal);
	return streq(v[1], "!=") ? of(!equal) : compare_numbers(v[0], v[1], v[2], twofold);
}

enum truth shell_test(const struct strv *words, bool literal)
{
	const char *name = words->n ? words->v[0] : "";
	size_t n = words->n;

	if (n == 1 && str_in_words("true :", name))
		return TRUTH_YES;
	if (n == 1 && streq(name, "false"))
		return TRUTH_NO;
	if (n < 2 || !str_in_words("[ [[ test", name))
		return TRUTH_UNKNOWN;
	const char *end = streq(name, "[") ? "]" : "]]";
	if (streq(name, "test"))
		n++;
	else if (!streq(words->v[n - 1], end))
		return TRUTH_UNKNOWN;
	bool twofold = streq(name, "[[");
	return expression(words->v + 1, n - 2, twofold && !literal, twofold);
}

enum truth shell_matches(const char *word, const char *patterns)
{
	cleanup_free char *copy = xstrdup(patterns);
	char *rest = copy, *s;

	if (has_variable(word) || strpbrk(patterns, "$`\\"))
		return TRUTH_UNKNOWN;
	while ((s = strsep(&rest, "|"))) {
		s = str_trim(s);
		size_t len = strlen(s);
		bool quoted = len > 1 && strchr("\"'", s[0]) && s[len - 1] == s[0];
		if (quoted) {
			s[len - 1] = 0;
			s++;
		}
		if (quoted ? streq(s, word) : fnmatch(s, word, 0) == 0)
			return TRUTH_YES;
	}
	return TRUTH_NO;
}
