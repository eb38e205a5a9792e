/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct options;
struct plan;

/*
 * If the plan deletes, replaces or interrupts something: prints these steps on stderr, and without
 * `yes` asks on the terminal. Returns 0 to go on; EXIT_USAGE: there is no terminal to ask on;
 * EXIT_NOT_RIGHT: the answer was no; EXIT_INTERRUPTED.
 */
int cli_confirm(const char *verb, const struct options *options, bool yes, const struct plan *plan);
