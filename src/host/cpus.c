// SPDX-License-Identifier: Apache-2.0
#include "host/cpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

static char *trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\n", s[len - 1]))
		len--;
	s[len] = 0;
	return s;
}

static int parse_rule(char *rule, struct cpus *in, struct cpus *out)
{
	struct cpus *to = in;
	int64_t first, last;

	if (*rule == '^') {
		to = out;
		rule = trim(rule + 1);
	}

	char *dash = strchr(rule, '-');

	if (dash)
		*dash = 0;

	int r = str_to_int(trim(rule), 0, CPUS_MAX - 1, &first);

	last = first;
	if (r == 0 && dash)
		r = str_to_int(trim(dash + 1), first, CPUS_MAX - 1, &last);
	if (r < 0)
		return r;
	for (int64_t cpu = first; cpu <= last; cpu++)
		to->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	return 0;
}

int cpus_parse(const char *s, struct cpus *ret_cpus)
{
	cleanup_free char *copy = xstrdup(s);
	struct cpus in = {.known = true}, out = {0};
	char *rest = copy, *rule;

	while ((rule = strsep(&rest, ","))) {
		rule = trim(rule);

		int r = *rule ? parse_rule(rule, &in, &out) : 0;

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(in.bits); i++)
		in.bits[i] &= ~out.bits[i];
	*ret_cpus = in;
	return 0;
}

bool cpus_has(const struct cpus *cpus, unsigned cpu)
{
	return cpu < CPUS_MAX && (cpus->bits[cpu / 64] >> (cpu % 64) & 1);
}

size_t cpus_count(const struct cpus *cpus)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cpus->bits); i++)
		n += (size_t)__builtin_popcountll(cpus->bits[i]);
	return n;
}

struct cpus cpus_and(const struct cpus *a, const struct cpus *b)
{
	struct cpus both = {.known = a->known && b->known};

	for (size_t i = 0; both.known && i < ARRAY_SIZE(both.bits); i++)
		both.bits[i] = a->bits[i] & b->bits[i];
	return both;
}

char *cpus_text(const struct cpus *cpus)
{
	struct strbuf text = {0};

	if (!cpus->known)
		return NULL;
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		unsigned last = cpu;

		if (!cpus_has(cpus, cpu))
			continue;
		while (cpus_has(cpus, last + 1))
			last++;
		strbuf_addf(&text, "%s%u", text.len ? "," : "", cpu);
		if (last > cpu)
			strbuf_addf(&text, "-%u", last);
		cpu = last;
	}
	return strbuf_steal(&text);
}
