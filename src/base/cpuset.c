// SPDX-License-Identifier: Apache-2.0
#include "base/cpuset.h"

#include <ctype.h>

#include "base/err.h"
#include "base/str.h"

void cpuset_add_range(struct cpuset *c, unsigned first, unsigned n)
{
	for (unsigned cpu = first; cpu < first + n && cpu < CPUSET_MAX; cpu++)
		cpuset_add(c, cpu);
}

int cpuset_count(const struct cpuset *c)
{
	int n = 0;

	for (unsigned i = 0; i < CPUSET_WORDS; i++)
		n += __builtin_popcountll(c->words[i]);
	return c->unknown ? -1 : n;
}

bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
	return !a->unknown && !b->unknown && memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

bool cpuset_contain(const struct cpuset *all, const struct cpuset *some)
{
	for (unsigned i = 0; i < CPUSET_WORDS; i++) {
		if (some->words[i] & ~all->words[i])
			return false;
	}
	return !all->unknown && !some->unknown;
}

/* Word by word; unknown if either is. */
#define combine(a, b, op)                                                     \
	({                                                                    \
		struct cpuset c_ = {.unknown = (a)->unknown || (b)->unknown}; \
		for (unsigned i_ = 0; i_ < CPUSET_WORDS && !c_.unknown; i_++) \
			c_.words[i_] = (a)->words[i_] op((b)->words[i_]);     \
		c_;                                                           \
	})

struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
	return combine(a, b, &);
}

struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b)
{
	return combine(a, b, |);
}

struct cpuset cpuset_without(const struct cpuset *a, const struct cpuset *b)
{
	return combine(a, b, &~);
}

unsigned cpuset_next(const struct cpuset *c, unsigned from)
{
	for (unsigned i = from / 64; i < CPUSET_WORDS; i++) {
		uint64_t word = c->words[i];

		if (i == from / 64)
			word &= ~UINT64_C(0) << (from % 64);
		if (word)
			return i * 64 + (unsigned)__builtin_ctzll(word);
	}
	return CPUSET_MAX;
}

/* As Python's int(): surrounding blanks, an optional plus. */
static int number(const char *s, size_t len, unsigned *ret)
{
	s = str_trim_n(s, &len);
	if (len && *s == '+')
		s++, len--;
	if (!len)
		return -EINVAL;

	unsigned value = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return -EINVAL;
		if (value < CPUSET_MAX) /* beyond, it is only known to be too large */
			value = value * 10 + (unsigned)(s[i] - '0');
	}
	*ret = value;
	return 0;
}

/* One element of the list, without surrounding blanks. */
static int parse_rule(const char *rule, size_t len, struct cpuset *in, struct cpuset *out,
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
		return err_set(err, INVALID, "Invalid %s expression '%.*s'", what, (int)len, rule);
	if (last >= CPUSET_MAX && !reject)
		return err_code(err, INVALID, ERANGE, "CPU number in '%.*s' is larger than max %d",
				(int)len, rule, CPUSET_MAX - 1);
	if (first < CPUSET_MAX)
		cpuset_add_range(reject ? out : in, first, last - first + 1);
	return 0;
}

int cpuset_parse(const char *spec, struct cpuset *ret, struct err *err)
{
	struct cpuset in = {0}, out = {0};

	for (const char *at = spec;; at++) {
		const char *end = strchrnul(at, ',');
		size_t len = (size_t)(end - at);
		const char *rule = str_trim_n(at, &len);

		if (len > 0) {
			int r = parse_rule(rule, len, &in, &out, err);
			if (r < 0)
				return r;
		}
		at = end;
		if (!*at)
			break;
	}
	*ret = cpuset_without(&in, &out);
	return 0;
}

char *cpuset_format(const struct cpuset *c)
{
	struct strbuf b = {0};

	if (c->unknown)
		return NULL;
	for_each_cpu (cpu, c) {
		unsigned first = cpu;

		while (cpuset_has(c, cpu + 1))
			cpu++;
		strbuf_addf(&b, "%s%u", b.len ? "," : "", first);
		if (cpu > first)
			strbuf_addf(&b, "-%u", cpu);
	}
	return strbuf_steal(&b);
}
