/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error. The failing function sets it with its kind; each caller may prepend one piece of
 * context: "deploy cpnr: create port sriov0: bridge sriov0: Operation not permitted". A function
 * that takes a struct err * returns 0 or -errno and leaves *err alone on success. Decisions (exit
 * code, retry, hint) follow from the kind or the code; the text is for people, and nothing parses
 * it.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>

enum err_kind {
	ERR_NONE,        /* no error */
	ERR_NOT_FOUND,   /* the named object does not exist, or is not visible */
	ERR_REFUSED,     /* the VIM or the guest refused, perhaps the credentials */
	ERR_UNREACHABLE, /* no connection, no answer, or an invalid answer */
	ERR_NO_CAPACITY, /* no host, VLAN or address is free */
	ERR_BUSY,        /* in use by another process: try again later */
	ERR_INTERRUPTED, /* by a signal */
	ERR_LOCAL,       /* file, permission, program or system call on this machine */
	ERR_INVALID,     /* bad input: descriptor, configuration, option */
	ERR_FAILED,      /* accepted but failed: server in ERROR, guest does not boot */
	ERR_BUG,         /* a bug in dnsvnf or a library */
};

struct err {
	char *text; /* NULL while there is no error */
	enum err_kind kind;
	int code; /* -errno */
};

#define ERR_INIT ((struct err){0})

/*
 * Sets kind, text and the kind's default code: err_set(err, NOT_FOUND, "no port \"%s\"", name) sets
 * and returns -ENOENT. err may be NULL. The other codes: REFUSED -EPERM, UNREACHABLE -EHOSTUNREACH,
 * NO_CAPACITY -ENOSPC, BUSY -EBUSY, INTERRUPTED -EINTR, LOCAL and FAILED -EIO, INVALID -EINVAL, BUG
 * -ENOTRECOVERABLE.
 */
#define err_set(err, kind, ...) err_set_kind(err, ERR_##kind, 0, __VA_ARGS__)

/* With another code, an errno value of either sign, for callers that distinguish it. */
#define err_code(err, kind, code, ...) err_set_kind(err, ERR_##kind, code, __VA_ARGS__)

/* The implementation of both. Returns -errno, never 0; code 0: the kind's default. */
int err_set_kind(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A failed system call (LOCAL), with ": " and strerror(code) at the end. */
#define err_errno(err, code, ...) err_errno_kind(err, ERR_LOCAL, code, __VA_ARGS__)

/* As err_errno, for a socket whose peer is another machine (UNREACHABLE). */
#define err_net(err, code, ...) err_errno_kind(err, ERR_UNREACHABLE, code, __VA_ARGS__)

int err_errno_kind(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Copies kind, code and text of from, which must be an error; returns its code. */
int err_copy(struct err *err, const struct err *from);

/* Prepends "context: " to the text; returns the code. */
#define err_wrap(err, ...) err_pass(err, err, __VA_ARGS__)

/* err_copy with "context: " before the text. from may be err itself; NULL: returns -EIO. */
int err_pass(struct err *err, const struct err *from, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The usual kind of a code, for callers that only have the code. */
enum err_kind err_kind_of(int code);

/*
 * Whether the code says that this machine could not do it (EIO, EMFILE, ENFILE, ENOMEM), which
 * tells nothing about the object: it is not absent.
 */
bool err_is_of_machine(int code);

/* "not_found", "refused" ...: the kind for programs; "bug" for an invalid kind. */
const char *err_kind_name(enum err_kind kind);

/* Frees the error; does nothing if there is none. */
void err_clear(struct err *err);

#define cleanup_err __attribute__((__cleanup__(err_clear)))
