// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <string.h>

#include "base/alloc.h"

/* The name for programs, and the default code. */
static const struct {
	const char *name;
	int code;
} kinds[] = {
	[ERR_NONE] = {"bug", ENOTRECOVERABLE},
	[ERR_NOT_FOUND] = {"not_found", ENOENT},
	[ERR_REFUSED] = {"refused", EPERM},
	[ERR_UNREACHABLE] = {"unreachable", EHOSTUNREACH},
	[ERR_NO_CAPACITY] = {"no_capacity", ENOSPC},
	[ERR_BUSY] = {"busy", EBUSY},
	[ERR_INTERRUPTED] = {"interrupted", EINTR},
	[ERR_LOCAL] = {"local", EIO},
	[ERR_INVALID] = {"invalid", EINVAL},
	[ERR_FAILED] = {"failed", EIO},
	[ERR_BUG] = {"bug", ENOTRECOVERABLE},
};

enum err_kind err_kind_of(int code)
{
	switch (abs(code)) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EHOSTUNREACH:
	case ECONNREFUSED:
	case EPROTO:
		return ERR_UNREACHABLE;
	case ENOSPC:
		return ERR_NO_CAPACITY;
	case EBUSY:
		return ERR_BUSY;
	case EINTR:
		return ERR_INTERRUPTED;
	case EIO:
	case ETIMEDOUT:
		return ERR_FAILED;
	case EINVAL:
	case E2BIG:
	case ENAMETOOLONG:
		return ERR_INVALID;
	default:
		return ERR_REFUSED;
	}
}

bool err_is_of_machine(int code)
{
	code = abs(code);
	return code == EIO || code == EMFILE || code == ENFILE || code == ENOMEM;
}

const char *err_kind_name(enum err_kind kind)
{
	return kinds[kind < ARRAY_SIZE(kinds) ? kind : ERR_BUG].name;
}

/* Takes ownership of text. */
static int set(struct err *err, enum err_kind kind, int code, char *text)
{
	code = -abs(code ? code : kinds[kind].code);
	if (!err) {
		free(text);
		return code;
	}
	free(err->text);
	*err = (struct err){text, kind, code};
	return code;
}

int err_set_kind(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return set(err, kind, code, text);
}

int err_errno_kind(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *what = xvasprintf(fmt, ap);
	va_end(ap);
	code = code ? code : EIO;
	return set(err, kind, code, xasprintf("%s: %s", what, strerror(abs(code))));
}

int err_copy(struct err *err, const struct err *from)
{
	return set(err, from->kind, from->code, xstrdup(from->text ? from->text : "failed"));
}

int err_pass(struct err *err, const struct err *from, const char *fmt, ...)
{
	va_list ap;

	if (!from)
		return -EIO;
	va_start(ap, fmt);
	cleanup_free char *context = xvasprintf(fmt, ap);
	va_end(ap);
	return set(err, from->kind, from->code,
		   xasprintf("%s: %s", context, from->text ? from->text : "failed"));
}

void err_clear(struct err *err)
{
	free(err->text);
	*err = ERR_INIT;
}
