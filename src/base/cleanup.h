/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local variables that are freed at the end of their scope; transfer ownership with steal_ptr or
 * steal_fd.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(fn) __attribute__((__cleanup__(fn)))

/* Defines NAME(T *) that calls FREE on the variable, for cleanup(NAME). FREE must take NULL. */
#define DEFINE_CLEANUP(T, name, free_fn) \
	static inline void name(T *p)    \
	{                                \
		free_fn(*p);             \
	}

static inline void cleanup_free_fn(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_fn(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_fn(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_closedir_fn(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define cleanup_free     cleanup(cleanup_free_fn)
#define cleanup_close    cleanup(cleanup_close_fn)
#define cleanup_fclose   cleanup(cleanup_fclose_fn)
#define cleanup_closedir cleanup(cleanup_closedir_fn)

#define steal_ptr(p)                         \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}
