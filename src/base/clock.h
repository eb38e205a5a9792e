/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. Points in time are microseconds of CLOCK_MONOTONIC, which is not affected by setting the
 * clock.
 */
#pragma once

#include <stdint.h>

#define US_PER_MS INT64_C(1000)
#define US_PER_S  INT64_C(1000000)

int64_t clock_now(void);

/* As clock_now, but of CLOCK_BOOTTIME, which includes time in suspend. */
int64_t clock_boottime(void);

/* Milliseconds since start, a time of clock_now. */
double clock_ms_since(int64_t start);

/* The time in ms milliseconds from now. */
int64_t clock_deadline(int64_t ms);

/* Milliseconds until deadline, for poll(2): rounded up, 0 when it has passed. */
int clock_left_ms(int64_t deadline);

/* Sleeps; returns early if a signal arrives. */
void clock_sleep(int64_t us);
