// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"

#include <string.h>

void out_of_memory(void)
{
	fputs("dnsvnf: out of memory\n", stderr);
	_exit(EXIT_FAILURE);
}

static void *checked(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

void *xmemdup(const void *p, size_t len)
{
	char *copy = checked(malloc(len + 1));

	if (len)
		memcpy(copy, p, len);
	copy[len] = 0;
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return checked(s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void *array_push_(void **v, size_t *n, size_t size)
{
	/* Capacity is the next power of two: grow only when n reaches one. */
	if ((*n & (*n - 1)) == 0)
		*v = xreallocarray(*v, *n ? *n * 2 : 1, size);

	char *slot = (char *)*v + *n * size;
	memset(slot, 0, size);
	(*n)++;
	return slot;
}

void free_pointers(void *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
}
