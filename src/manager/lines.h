/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a stream that comes in pieces. Pure. */
#pragma once

#include "base/str.h"

enum {
	LINES_LINE_MAX = 1 << 20, /* bytes */
	LINES_MAX = 64 << 20,     /* bytes of all lines */
};

struct lines {
	struct strbuf part; /* the last line, as far as it has come; the owner clears it */
	size_t total;
};

/* Calls take for each line that is whole now, without its newline. -EFBIG: one of the limits. */
int lines_add(struct lines *l, const char *data, size_t n,
	      void (*take)(void *data, const char *line, size_t len), void *take_data);
