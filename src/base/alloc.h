/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that cannot fail: out of memory ends the process at once, with a message and
 * EXIT_FAILURE, as in git. The next run finds all objects by their marks, so nothing is lost.
 */
#pragma once

#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h> /* free() */
#include <unistd.h>

void *xmalloc(size_t size); /* as the following two, also for libraries */
void *xrealloc(void *p, size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t n) __attribute__((returns_nonnull));
void *xmemdup(const void *p, size_t len); /* with a zero byte after the copy */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* What they do then, for libraries that report it. */
_Noreturn void out_of_memory(void);

/* Appends one zeroed element to the array *v of *n elements; returns it. */
void *array_push_(void **v, size_t *n, size_t size);
#define array_push(v, n) ((__typeof__(v))array_push_((void **)&(v), &(n), sizeof(*(v))))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* free() of each argument. */
#define free_all(...) \
	free_pointers((void *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))
void free_pointers(void *const *v, size_t n);

/* clear(&v[i]) for each of the n elements, then free(v). */
#define array_free(v, n, clear)                     \
	do {                                        \
		for (size_t i_ = 0; i_ < (n); i_++) \
			clear(&(v)[i_]);            \
		free(v);                            \
	} while (0)

/*
 * The first of the n elements of v for which the condition, which calls it "it", holds, or NULL:
 * array_find(legs, n_legs, streq(it->name, name)).
 */
#define array_find(v, n, condition)                                             \
	({                                                                      \
		__typeof__((v) + 0) found_ = NULL, it = (v);                    \
		for (size_t left_ = (n); left_ && !found_; left_ -= 1, it += 1) \
			found_ = (condition) ? it : NULL;                       \
		found_;                                                         \
	})

/* The value of a struct, which becomes {0}: hands over what it owns. */
#define steal(s)                             \
	({                                   \
		__typeof__(s) stolen_ = (s); \
		(s) = (__typeof__(s)){0};    \
		stolen_;                     \
	})

/*
 * Local variables that are freed at the end of their scope; transfer ownership with steal_ptr or
 * steal_fd.
 */
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
