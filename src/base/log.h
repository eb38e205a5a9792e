/* SPDX-License-Identifier: Apache-2.0 */
/* Debug messages (-v) on stderr. Not for results and errors. */
#pragma once

/* 0: nothing, 1: steps (-v), 2: every exchange with the VIM (-vv). */
void log_set_level(int level);

#define log_info(...)  log_at(1, __VA_ARGS__)
#define log_debug(...) log_at(2, __VA_ARGS__)
void log_at(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
