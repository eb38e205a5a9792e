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

static void log_line(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static void log_line(const char *fmt, va_list ap)
{
	int64_t now = clock_now() / US_PER_MS;

	flockfile(stderr);
	fprintf(stderr, "[%lld.%03d] ", (long long)now / 1000, (int)(now % 1000));
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (log_level < 1)
		return;
	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_level < 2)
		return;
	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}
