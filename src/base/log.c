// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

static int log_level;

void log_set_level(int level)
{
	log_level = level;
}

void log_at(int level, const char *fmt, ...)
{
	int64_t now = clock_now() / US_PER_MS;
	va_list ap;

	if (log_level < level)
		return;
	flockfile(stderr);
	fprintf(stderr, "[%lld.%03d] ", (long long)now / 1000, (int)(now % 1000));
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}
