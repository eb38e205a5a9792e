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
