// SPDX-License-Identifier: Apache-2.0
#include "placement/cpus.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

void cpus_add_range(struct cpus *c, unsigned first, unsigned n)
{
	for (unsigned cpu = first; cpu < first + n && cpu < CPUS_MAX; cpu++)
		cpus_add(c, cpu);
}

unsigned cpus_count(const struct cpus *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CPUS_WORDS; i++)
		n += (unsigned)__builtin_popcountll(c->words[i]);
	return n;
}

bool cpus_equal(const struct cpus *a, const struct cpus *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool cpus_contain(const struct cpus *all, const struct cpus *some)
{
	for (unsigned i = 0; i < CPUS_WORDS; i++) {
		if (some->words[i] & ~all->words[i])
			return false;
	}
	return true;
}

struct cpus cpus_and(const struct cpus *a, const struct cpus *b)
{
	struct cpus c;

	for (unsigned i = 0; i < CPUS_WORDS; i++)
		c.words[i] = a->words[i] & b->words[i];
	return c;
}

struct cpus cpus_or(const struct cpus *a, const struct cpus *b)
{
	struct cpus c;

	for (unsigned i = 0; i < CPUS_WORDS; i++)
		c.words[i] = a->words[i] | b->words[i];
	return c;
}

struct cpus cpus_without(const struct cpus *a, const struct cpus *b)
{
	struct cpus c;

	for (unsigned i = 0; i < CPUS_WORDS; i++)
		c.words[i] = a->words[i] & ~b->words[i];
	return c;
}

unsigned cpus_next(const struct cpus *c, unsigned from)
{
	for (unsigned i = from / 64; i < CPUS_WORDS; i++) {
		uint64_t word = c->words[i];

		if (i == from / 64)
			word &= ~UINT64_C(0) << (from % 64);
		if (word)
			return i * 64 + (unsigned)__builtin_ctzll(word);
	}
	return CPUS_MAX;
}

/* As Python's int(): blanks around, an optional plus. */
static int number(const char *s, size_t len, unsigned *ret)
{
	while (len && isspace((unsigned char)*s))
		s++, len--;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	if (len && *s == '+')
		s++, len--;
	if (!len)
		return -EINVAL;

	unsigned value = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return -EINVAL;
		if (value < CPUS_MAX) /* from there on it is only known to be too large */
			value = value * 10 + (unsigned)(s[i] - '0');
	}
	*ret = value;
	return 0;
}

/* One element of the list, without blanks around. */
static int parse_rule(const char *rule, size_t len, struct cpus *in, struct cpus *out,
		      struct err *err)
{
	const char *dash = memchr(rule, '-', len);
	bool reject = *rule == '^';
	const char *body = rule + reject;
	unsigned first = 0, last = 0;
	const char *what = dash ? "range" : reject ? "exclusion" : "inclusion";
	int r = 0;

	if (dash) {
		r = dash < body ? -EINVAL : number(body, (size_t)(dash - body), &first);
		if (r == 0)
			r = number(dash + 1, len - (size_t)(dash + 1 - rule), &last);
		if (r == 0 && first > last)
			r = -EINVAL;
	} else {
		r = number(body, len - reject, &first);
		last = first;
	}
	if (r < 0)
		return err_set(err, EINVAL, "Invalid %s expression '%.*s'", what, (int)len, rule);
	if (last >= CPUS_MAX && !reject)
		return err_set(err, ERANGE, "CPU number in '%.*s' is larger than max %d", (int)len,
			       rule, CPUS_MAX - 1);
	if (first < CPUS_MAX)
		cpus_add_range(reject ? out : in, first, last - first + 1);
	return 0;
}

int cpus_parse(const char *spec, struct cpus *ret, struct err *err)
{
	struct cpus in = {0}, out = {0};

	for (const char *at = spec;; at++) {
		const char *end = strchrnul(at, ',');
		const char *first = at, *last = end;

		while (first < last && isspace((unsigned char)*first))
			first++;
		while (first < last && isspace((unsigned char)last[-1]))
			last--;
		if (first < last) {
			int r = parse_rule(first, (size_t)(last - first), &in, &out, err);
			if (r < 0)
				return r;
		}
		at = end;
		if (!*at)
			break;
	}
	*ret = cpus_without(&in, &out);
	return 0;
}

char *cpus_format(const struct cpus *c)
{
	struct strbuf b = {0};

	for (unsigned first = cpus_next(c, 0); first < CPUS_MAX;) {
		unsigned last = first;

		while (last + 1 < CPUS_MAX && cpus_has(c, last + 1))
			last++;
		strbuf_addf(&b, "%s%u", b.len ? "," : "", first);
		if (last > first)
			strbuf_addf(&b, "-%u", last);
		if (last + 1 >= CPUS_MAX)
			break;
		first = cpus_next(c, last + 1);
	}
	return strbuf_steal(&b);
}
