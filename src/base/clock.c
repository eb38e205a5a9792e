// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <limits.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

double clock_ms_since(int64_t start)
{
	return (double)(clock_now() - start) / US_PER_MS;
}

int64_t clock_deadline(int64_t ms)
{
	return clock_now() + ms * US_PER_MS;
}

int clock_left_ms(int64_t deadline)
{
	int64_t left = (deadline - clock_now() + US_PER_MS - 1) / US_PER_MS;

	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void clock_sleep(int64_t us)
{
	nanosleep(&(struct timespec){.tv_sec = us / US_PER_S, .tv_nsec = us % US_PER_S * 1000},
		  NULL);
}
