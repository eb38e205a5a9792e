// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

static int negative(int code)
{
	if (code == 0)
		return -EIO;
	return code < 0 ? code : -code;
}

/* Takes text over. */
static int set(struct err *err, int code, char *text)
{
	code = negative(code);
	if (!err) {
		free(text);
		return code;
	}
	free(err->text);
	err->text = text;
	err->code = code;
	return code;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return set(err, code, text);
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *what = xvasprintf(fmt, ap);
	va_end(ap);
	return set(err, code, xasprintf("%s: %s", what, strerror(-negative(code))));
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -EIO;

	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *context = xvasprintf(fmt, ap);
	va_end(ap);
	return set(err, err->code, xasprintf("%s: %s", context, err->text ? err->text : "failed"));
}

void err_clear(struct err *err)
{
	free(err->text);
	*err = ERR_INIT;
}
