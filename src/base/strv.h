/* SPDX-License-Identifier: Apache-2.0 */
/* A growing list that owns its strings. Initialise with {0}. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* NULL while empty */
	size_t n;
};

void strv_add(struct strv *l, const char *s); /* a copy */
void strv_take(struct strv *l, char *s);      /* s itself, which l frees */
bool strv_contains(const struct strv *l, const char *s);
void strv_clear(struct strv *l); /* frees all; the list is empty and can be used again */

#define cleanup_strv __attribute__((__cleanup__(strv_clear)))
