/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User data taken apart as cloud-init does it (cloudinit/user_data.py): by Python's email parser,
 * which forgives nearly everything, then by what each part begins with.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"

struct mime_part {
	char *type;       /* lower case, as cloud-init takes it: "text/cloud-config" ... */
	struct text text; /* decoded and unpacked */
};

struct mime_parts {
	struct mime_part *v;
	size_t n;
	size_t unpacked; /* bytes that came out of gzip so far: bounded */
};

/* cloud-init takes this for a MIME message. */
bool mime_is(const char *s, size_t len);

/* The parts of user data, unpacked if it was gzipped; what is wrong goes to findings. */
void mime_read(const struct text *text, struct mime_parts *ret, struct findings *findings);

/* The type that the beginning of a text shows ("#cloud-config", "#!" ...), or NULL. Static. */
const char *type_from_start(const char *s, size_t len);

void parts_clear(struct mime_parts *p);

#define cleanup_parts __attribute__((__cleanup__(parts_clear)))
