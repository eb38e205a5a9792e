/* SPDX-License-Identifier: Apache-2.0 */
/* One part of a message: headers, decoding, type. */
#pragma once

#include <stddef.h>

#include "base/finding.h"
#include "day0/mime.h"

struct header {
	char *name, *value; /* value without leading blanks; continuation lines joined */
	size_t at;          /* index of its line */
};

struct headers {
	struct header *v;
	size_t n;
};

void headers_clear(struct headers *h);

/* The first header of that name (any case), or NULL. */
const struct header *header_find(const struct headers *h, const char *name);

/* A parameter of a header's value ("boundary", "filename") without quotes, or NULL. */
char *header_parameter(const struct header *h, const char *name);

/*
 * Decodes and unpacks text, the content of a part of that type, determines its real type as
 * cloud-init does, and adds the part. h is NULL outside a message.
 */
void part_add(struct mime_parts *parts, const struct headers *h, const char *type,
	      const struct text *text, struct findings *findings);
