// SPDX-License-Identifier: Apache-2.0
/*
 * For LD_PRELOAD: the allocation number FAIL_AT fails. To FAIL_COUNT is written the number of the
 * first allocation by each call path (its inner frames): another one by the same path would fail in
 * the same way.
 */
#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

enum { FRAMES = 16, PATHS = 1 << 17 };

static unsigned long count, fail_at;
static const char *path_of_count;
static struct {
	uint64_t hash; /* 0: empty */
	unsigned long first;
} paths[PATHS];
static __thread bool inside; /* what backtrace() itself allocates */

static void note_path(unsigned long number)
{
	void *frames[FRAMES];
	uint64_t hash = 1469598103934665603u;

	inside = true;
	for (int i = 0, n = backtrace(frames, FRAMES); i < n; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
	inside = false;
	size_t at = hash % PATHS;
	while (paths[at].hash && paths[at].hash != hash)
		at = (at + 1) % PATHS;
	if (!paths[at].hash) {
		paths[at].hash = hash;
		paths[at].first = number;
	}
}

static bool fails(void)
{
	if (inside)
		return false;
	unsigned long number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	if (path_of_count)
		note_path(number);
	if (number != fail_at)
		return false;
	errno = ENOMEM;
	return true;
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
	void *frame;

	backtrace(&frame, 1); /* loads libgcc */
	count = 0;
	fail_at = at ? strtoul(at, NULL, 10) : 0;
	path_of_count = getenv("FAIL_COUNT");
}

static __attribute__((destructor)) void end(void)
{
	const char *path = path_of_count;
	FILE *file = NULL;

	path_of_count = NULL;
	if (path)
		file = fopen(path, "w");
	if (!file)
		return;
	for (size_t i = 0; i < PATHS; i++)
		if (paths[i].hash)
			fprintf(file, "%lu\n", paths[i].first);
	fclose(file);
}
