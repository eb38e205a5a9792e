// SPDX-License-Identifier: Apache-2.0
#include "manager/lines.h"

#include <errno.h>
#include <string.h>

int lines_add(struct lines *l, const char *data, size_t n,
	      void (*take)(void *data, const char *line, size_t len), void *take_data)
{
	l->total += n;
	if (l->total > LINES_MAX)
		return -EFBIG;
	strbuf_add(&l->part, data, n);
	char *at = l->part.s, *newline;
	size_t left = l->part.len;
	while (left > 0 && (newline = memchr(at, '\n', left))) {
		*newline = 0;
		take(take_data, at, (size_t)(newline - at));
		left -= (size_t)(newline - at) + 1;
		at = newline + 1;
	}
	if (left > LINES_LINE_MAX)
		return -EFBIG;
	if (l->part.s) {
		memmove(l->part.s, at, left);
		l->part.len = left;
		l->part.s[left] = 0;
	}
	return 0;
}
