/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error on its way up. The function that fails sets it, each layer above may put one piece of
 * context in front: "deploy cpnr: create port sriov0: bridge sriov0: Operation not permitted".
 * A function that takes a struct err * returns 0 or -errno and leaves *err alone on success.
 */
#pragma once

#include <stdarg.h>

struct err {
	char *text; /* NULL while there is no error */
	int code;   /* -errno */
};

#define ERR_INIT ((struct err){0})

/* Sets text and code (an errno value of either sign); returns -errno, never 0. err may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(code) at the end. */
int err_errno(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of what is there; returns the code that is there. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the error; err_clear on an empty one does nothing. */
void err_clear(struct err *err);

#define cleanup_err __attribute__((__cleanup__(err_clear)))
