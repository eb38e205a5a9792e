/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: in addition to <string.h>, a growing buffer, and strict parsing of numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct strbuf {
	char *s; /* NULL while empty, else terminated */
	size_t len;
};

void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_clear(struct strbuf *b);
char *strbuf_steal(struct strbuf *b); /* never NULL: "" if nothing was added */

#define cleanup_strbuf __attribute__((__cleanup__(strbuf_clear)))

bool streq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Without white space (isspace) at both ends: in place; a copy of the len bytes, which the caller
 * frees; the start, with *len set to what is left. */
char *str_trim(char *s);
char *str_trimmed(const char *s, size_t len);
const char *str_trim_n(const char *s, size_t *len);

/* Whether s is one of the n strings. */
bool str_in(const char *s, char *const *list, size_t n);

/* Whether word is in list, which is separated by blanks or commas; list may be NULL. */
bool str_in_words(const char *list, const char *word);

/* one if n is 1, else many: "1 error", "2 errors". */
const char *plural(uint64_t n, const char *one, const char *many);

/* Finds the known word that an unknown one most likely means. */
struct guess {
	const char *word;
	size_t limit;     /* the distance must be less than this */
	const char *best; /* the most similar word so far, or NULL */
};

void guess_try(struct guess *g, const char *candidate);

/* The whole of s is a decimal number in [min, max]: 0, -EINVAL or -ERANGE. */
int str_to_int(const char *s, int64_t min, int64_t max, int64_t *ret_value);

/* A growing list that owns its strings. Initialise with {0}. */
struct strv {
	char **v; /* NULL while empty */
	size_t n;
};

void strv_add(struct strv *l, const char *s); /* a copy */
void strv_take(struct strv *l, char *s);      /* s itself, which l frees */
bool strv_contains(const struct strv *l, const char *s);
void strv_clear(struct strv *l); /* frees all; the list is empty and can be used again */

#define cleanup_strv __attribute__((__cleanup__(strv_clear)))
