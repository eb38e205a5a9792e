// SPDX-License-Identifier: Apache-2.0
#include "probe/lateness.h"

enum { FRACTION = 3 }; /* bits: 8 buckets an octave */

static size_t bucket_of(int64_t late)
{
	uint64_t v = late < 0 ? 0 : (uint64_t)late;

	if (v < 1 << FRACTION)
		return (size_t)v;
	unsigned shift = 63U - FRACTION - (unsigned)__builtin_clzll(v);
	size_t bucket = ((size_t)(shift + 1) << FRACTION) + (size_t)(v >> shift & 7);
	return bucket < LATENESS_BUCKETS ? bucket : LATENESS_BUCKETS - 1;
}

/* The highest value of a bucket. */
static int64_t top_of(size_t bucket)
{
	if (bucket < 1 << FRACTION)
		return (int64_t)bucket;
	unsigned shift = (unsigned)(bucket >> FRACTION) - 1;
	return (int64_t)((((bucket & 7) + (1 << FRACTION) + 1) << shift) - 1);
}

void lateness_add(struct lateness *l, int64_t late, uint32_t n, int64_t now)
{
	if (now - l->since >= LATENESS_WINDOW_US) {
		l->windows[1] = now - l->since < 2 * LATENESS_WINDOW_US
					? l->windows[0]
					: (struct lateness_window){0};
		l->windows[0] = (struct lateness_window){0};
		l->since = now;
	}
	struct lateness_window *w = &l->windows[0];
	w->n += n;
	w->buckets[bucket_of(late)] += n;
	if (late > w->max)
		w->max = late;
}

int64_t lateness_max(const struct lateness *l)
{
	int64_t a = l->windows[0].max, b = l->windows[1].max;

	return a > b ? a : b;
}

int64_t lateness_p99(const struct lateness *l)
{
	uint64_t n = (uint64_t)l->windows[0].n + l->windows[1].n, seen = 0;
	size_t i = 0;

	if (n == 0)
		return 0;
	for (;; i++) {
		seen += (uint64_t)l->windows[0].buckets[i] + l->windows[1].buckets[i];
		if (seen * 100 >= n * 99 || i == LATENESS_BUCKETS - 1)
			break;
	}
	int64_t top = top_of(i), max = lateness_max(l);
	return top < max ? top : max;
}
