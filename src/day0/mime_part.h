/* SPDX-License-Identifier: Apache-2.0 */
/* One part of a message: its headers, its decoding, its type. */
#pragma once

#include <stddef.h>

#include "base/finding.h"
#include "day0/mime.h"

struct header {
	char *name, *value; /* value without the blanks before it; continued lines joined by \n */
	size_t at;          /* index of its line */
};

struct headers {
	struct header *v;
	size_t n;
};

void headers_clear(struct headers *h);

/* The first of that name, in any case, or NULL. */
const struct header *header_find(const struct headers *h, const char *name);

/*
 * Decodes and unpacks text, the content of a part of that type, finds out its true type as
 * cloud-init does, and adds it. h is NULL when there is no message around it.
 */
void part_add(struct mime_parts *parts, const struct headers *h, const char *type,
	      const struct text *text, struct findings *findings);
