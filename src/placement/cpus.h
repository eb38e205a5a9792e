/* SPDX-License-Identifier: Apache-2.0 */
/* A set of CPU numbers, of a host or of a guest. No I/O, no allocation but in cpus_format(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

#define CPUS_MAX   1024 /* one more than the highest number */
#define CPUS_WORDS (CPUS_MAX / 64)

struct cpus {
	uint64_t words[CPUS_WORDS];
};

static inline void cpus_add(struct cpus *c, unsigned cpu)
{
	c->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void cpus_remove(struct cpus *c, unsigned cpu)
{
	c->words[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static inline bool cpus_has(const struct cpus *c, unsigned cpu)
{
	return c->words[cpu / 64] >> (cpu % 64) & 1;
}

void cpus_add_range(struct cpus *c, unsigned first, unsigned n);
unsigned cpus_count(const struct cpus *c);
bool cpus_equal(const struct cpus *a, const struct cpus *b);
bool cpus_contain(const struct cpus *all, const struct cpus *some);
struct cpus cpus_and(const struct cpus *a, const struct cpus *b);
struct cpus cpus_or(const struct cpus *a, const struct cpus *b);
struct cpus cpus_without(const struct cpus *a, const struct cpus *b);
unsigned cpus_next(const struct cpus *c, unsigned from); /* the first >= from; CPUS_MAX: none */

/*
 * "0-3,^2,8" as nova/virt/hardware.py, parse_cpu_spec() reads it, with its words for errors
 * (-EINVAL). A number of CPUS_MAX or more is -ERANGE.
 */
int cpus_parse(const char *spec, struct cpus *ret, struct err *err);

char *cpus_format(const struct cpus *c); /* "0-3,8"; the caller frees */
