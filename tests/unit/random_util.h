/* SPDX-License-Identifier: Apache-2.0 */
/* Random worlds that can be repeated: DNSVNF_TEST_SEED=N, printed by each run. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

/* Call before the first roll(). */
static inline void random_begin(void)
{
	const char *given = getenv("DNSVNF_TEST_SEED");
	unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);

	printf("DNSVNF_TEST_SEED=%lu\n", seed);
	random_state = seed * 2654435761u + 88172645463325252u;
}

/* 0 to n - 1 (xorshift). */
static inline unsigned roll(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}
