// SPDX-License-Identifier: Apache-2.0
/* For LD_PRELOAD: the allocation number FAIL_AT fails, and the last number is written to
 * FAIL_COUNT. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static unsigned long count, fail_at;

static int fails(void)
{
	if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

static __attribute__((constructor)) void start(void)
{
	const char *at = getenv("FAIL_AT");

	count = 0;
	fail_at = at ? strtoul(at, NULL, 10) : 0;
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("FAIL_COUNT");
	unsigned long total = count;
	FILE *file = path ? fopen(path, "w") : NULL;

	if (file) {
		fprintf(file, "%lu", total);
		fclose(file);
	}
}
