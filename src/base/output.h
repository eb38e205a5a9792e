/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reaches a terminal: stdout and stderr pass on printable UTF-8, tabs and line ends only, so
 * that no text of a descriptor, a cloud, a host or a guest controls the terminal.
 */
#pragma once

#include <stdio.h>

/*
 * Replaces stdout and stderr by streams that write '?' for every other byte, and opens /dev/null
 * for standard descriptors that are closed. Call it before any other file is opened.
 */
void output_init(void);

/* Writes one of the program's own control sequences. */
void output_control(FILE *out, const char *sequence);

/* Columns of the terminal that out writes to; 0: none. */
int output_columns(FILE *out);
