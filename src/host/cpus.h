/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of CPUs, as the kernel and Nova write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX 8192 /* the largest NR_CPUS of any architecture */

struct cpus {
	bool known; /* false: nobody could tell, which is not the empty set */
	uint64_t bits[CPUS_MAX / 64];
};

/*
 * "0-3,8" of the kernel, and what nova.virt.hardware.parse_cpu_spec takes beyond that: blanks and
 * "^2" or "^2-3" for exclusions, which hold wherever they stand. 0, -EINVAL or -ERANGE.
 */
int cpus_parse(const char *s, struct cpus *ret_cpus);

bool cpus_has(const struct cpus *cpus, unsigned cpu);
/* The first one from `from` on, or -1: for (int c = cpus_next(s, 0); c >= 0; c = cpus_next(s, c +
 * 1)) */
int cpus_next(const struct cpus *cpus, int from);
size_t cpus_count(const struct cpus *cpus);

/* What both have; unknown when one of them is. */
struct cpus cpus_and(const struct cpus *a, const struct cpus *b);

/* As the kernel writes it; "" for the empty set, NULL when unknown. */
char *cpus_text(const struct cpus *cpus);
