/* SPDX-License-Identifier: Apache-2.0 */
/* How late something was, over the last 10 to 20 s: the maximum and the 99th percentile. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LATENESS_BUCKETS = 256, LATENESS_WINDOW_US = 10000000 };

struct lateness {
	struct lateness_window {
		uint32_t n, buckets[LATENESS_BUCKETS];
		int64_t max;
	} windows[2];  /* this one, and the one before */
	int64_t since; /* when this one began */
};

/* n events were late by late us, at now (us). */
void lateness_add(struct lateness *l, int64_t late, uint32_t n, int64_t now);

int64_t lateness_max(const struct lateness *l);

/* At most an eighth too high; 0 without events. */
int64_t lateness_p99(const struct lateness *l);
