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

int cpus_next(const struct cpus *cpus, int from)
{
	for (size_t i = (size_t)from / 64; i < ARRAY_SIZE(cpus->bits); i++) {
		uint64_t left = cpus->bits[i];

		if (i == (size_t)from / 64)
			left &= UINT64_MAX << (from % 64);
		if (left)
			return (int)(i * 64) + __builtin_ctzll(left);
	}
	return -1;
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
	for (int cpu = cpus_next(cpus, 0); cpu >= 0; cpu = cpus_next(cpus, cpu + 1)) {
		int first = cpu;

		while (cpus_has(cpus, (unsigned)cpu + 1))
			cpu++;
		strbuf_addf(&text, "%s%d", text.len ? "," : "", first);
		if (cpu > first)
			strbuf_addf(&text, "-%d", cpu);
	}
	return strbuf_steal(&text);
}
