/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that cannot fail: out of memory ends the process with a message, as in git. What
 * dnsvnf builds is found again by its marks, so nothing is lost by that.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t len); /* one more byte, zero, follows the copy */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* Appends one zeroed element to the array *v of *n elements; returns it. */
void *array_push_(void **v, size_t *n, size_t size);
#define array_push(v, n) ((__typeof__(v))array_push_((void **)&(v), &(n), sizeof(*(v))))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
