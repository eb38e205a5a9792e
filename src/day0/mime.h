/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits user data into parts as cloud-init does (cloudinit/user_data.py): with Python's lenient
 * email parser, then by the first line of each part.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"

struct mime_part {
	char *type;       /* lower case, by cloud-init's rules: "text/cloud-config" ... */
	struct text text; /* decoded and unpacked */
	char *merge_type; /* the header Merge-Type or X-Merge-Type, or NULL */
	char *filename;   /* cloud-init's name for it: given, or "part-001" */
};

struct mime_parts {
	struct mime_part *v;
	size_t n;
	size_t unpacked; /* bytes unpacked from gzip so far, to limit them */
};

/* Whether cloud-init treats the text as a MIME message. */
bool mime_is(const char *s, size_t len);

/* Splits user data, which may be gzip. Errors become findings. */
void mime_read(const struct text *text, struct mime_parts *ret, struct findings *findings);

/* The type that the start of a text indicates ("#cloud-config", "#!" ...), static; or NULL. */
const char *type_from_start(const char *s, size_t len);

void parts_clear(struct mime_parts *p);

#define cleanup_parts __attribute__((__cleanup__(parts_clear)))
