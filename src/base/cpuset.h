/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of CPU numbers, of a host or guest, or unknown. Unknown differs from the empty set, and
 * operations on an unknown set give unknown. {0} is the empty set. No I/O.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

/* One more than the highest number, as in glibc's cpu_set_t. */
#define CPUSET_MAX   1024
#define CPUSET_WORDS (CPUSET_MAX / 64)

struct cpuset {
	uint64_t words[CPUSET_WORDS]; /* 0 while unknown */
	bool unknown;
};

#define CPUSET_UNKNOWN ((struct cpuset){.unknown = true})

static inline void cpuset_add(struct cpuset *c, unsigned cpu)
{
	c->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void cpuset_remove(struct cpuset *c, unsigned cpu)
{
	c->words[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

/* False for an unknown set. */
static inline bool cpuset_has(const struct cpuset *c, unsigned cpu)
{
	return cpu < CPUSET_MAX && (c->words[cpu / 64] >> (cpu % 64) & 1);
}

void cpuset_add_range(struct cpuset *c, unsigned first, unsigned n);
int cpuset_count(const struct cpuset *c); /* -1: unknown */

/* False if either is unknown. */
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);
bool cpuset_contain(const struct cpuset *all, const struct cpuset *some);

/* Unknown if either is. */
struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_without(const struct cpuset *a, const struct cpuset *b);

/* The first CPU from `from` on; CPUSET_MAX: none, or unknown. */
unsigned cpuset_next(const struct cpuset *c, unsigned from);

#define for_each_cpu(cpu, set)                                       \
	for (unsigned cpu = cpuset_next((set), 0); cpu < CPUSET_MAX; \
	     cpu = cpuset_next((set), cpu + 1))

/*
 * The kernel's format "0-3,8", and the extensions of nova/virt/hardware.py, parse_cpu_spec():
 * blanks, and exclusions "^2" or "^2-3" at any position. -EINVAL with Nova's message; -ERANGE for a
 * number of CPUSET_MAX or more. err may be NULL.
 */
int cpuset_parse(const char *spec, struct cpuset *ret, struct err *err);

/* In the kernel's format; "" for the empty set, NULL if unknown. The caller frees. */
char *cpuset_format(const struct cpuset *c);
