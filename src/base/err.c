// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <string.h>

#include "base/alloc.h"

static int code_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_NOT_FOUND:
		return -ENOENT;
	case ERR_REFUSED:
		return -EPERM;
	case ERR_UNREACHABLE:
		return -EHOSTUNREACH;
	case ERR_NO_CAPACITY:
		return -ENOSPC;
	case ERR_BUSY:
		return -EBUSY;
	case ERR_INTERRUPTED:
		return -EINTR;
	case ERR_LOCAL:
	case ERR_FAILED:
		return -EIO;
	case ERR_INVALID:
		return -EINVAL;
	case ERR_NONE:
	case ERR_BUG:
		break;
	}
	return -ENOTRECOVERABLE;
}

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

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_REFUSED:
		return "refused";
	case ERR_UNREACHABLE:
		return "unreachable";
	case ERR_NO_CAPACITY:
		return "no_capacity";
	case ERR_BUSY:
		return "busy";
	case ERR_INTERRUPTED:
		return "interrupted";
	case ERR_LOCAL:
		return "local";
	case ERR_INVALID:
		return "invalid";
	case ERR_FAILED:
		return "failed";
	case ERR_NONE:
	case ERR_BUG:
		break;
	}
	return "bug";
}

/* Takes ownership of text. */
static int set(struct err *err, enum err_kind kind, int code, char *text)
{
	if (code == 0)
		code = code_of(kind);
	else if (code > 0)
		code = -code;
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

static int set_errno(struct err *err, enum err_kind kind, int code, const char *fmt, va_list ap)
{
	cleanup_free char *what = xvasprintf(fmt, ap);

	if (code == 0)
		code = EIO;
	return set(err, kind, code, xasprintf("%s: %s", what, strerror(abs(code))));
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = set_errno(err, ERR_LOCAL, code, fmt, ap);
	va_end(ap);
	return r;
}

int err_net(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = set_errno(err, ERR_UNREACHABLE, code, fmt, ap);
	va_end(ap);
	return r;
}

/* from may be err itself. */
static int set_wrapped(struct err *err, const struct err *from, const char *fmt, va_list ap)
{
	cleanup_free char *context = xvasprintf(fmt, ap);
	const char *text = from->text ? from->text : "failed";

	return set(err, from->kind, from->code, xasprintf("%s: %s", context, text));
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -EIO;

	va_list ap;

	va_start(ap, fmt);
	int r = set_wrapped(err, err, fmt, ap);
	va_end(ap);
	return r;
}

int err_copy(struct err *err, const struct err *from)
{
	return set(err, from->kind, from->code, xstrdup(from->text ? from->text : "failed"));
}

int err_pass(struct err *err, const struct err *from, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = set_wrapped(err, from, fmt, ap);
	va_end(ap);
	return r;
}

void err_clear(struct err *err)
{
	free(err->text);
	*err = ERR_INIT;
}
