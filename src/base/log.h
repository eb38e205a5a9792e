/* SPDX-License-Identifier: Apache-2.0 */
/* Debug messages (-v) on stderr. Not for results and errors. */
#pragma once

/* 0: nothing, 1: steps (-v), 2: every exchange with the VIM (-vv). */
void log_set_level(int level);

void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));  /* level 1 */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* level 2 */
