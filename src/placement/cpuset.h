/* SPDX-License-Identifier: Apache-2.0 */
/* A set of CPU numbers, of a host or of a guest. No I/O, no allocation but in cpuset_format(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

#define CPUSET_MAX   1024 /* one more than the highest number */
#define CPUSET_WORDS (CPUSET_MAX / 64)

struct cpuset {
	uint64_t words[CPUSET_WORDS];
};

static inline void cpuset_add(struct cpuset *c, unsigned cpu)
{
	c->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void cpuset_remove(struct cpuset *c, unsigned cpu)
{
	c->words[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static inline bool cpuset_has(const struct cpuset *c, unsigned cpu)
{
	return c->words[cpu / 64] >> (cpu % 64) & 1;
}

void cpuset_add_range(struct cpuset *c, unsigned first, unsigned n);
unsigned cpuset_count(const struct cpuset *c);
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);
bool cpuset_contain(const struct cpuset *all, const struct cpuset *some);
struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_without(const struct cpuset *a, const struct cpuset *b);
unsigned cpuset_next(const struct cpuset *c,
		     unsigned from); /* the first >= from; CPUSET_MAX: none */

/*
 * "0-3,^2,8" as nova/virt/hardware.py, parse_cpu_spec() reads it, with its words for errors
 * (-EINVAL). A number of CPUSET_MAX or more is -ERANGE.
 */
int cpuset_parse(const char *spec, struct cpuset *ret, struct err *err);

char *cpuset_format(const struct cpuset *c); /* "0-3,8"; the caller frees */
