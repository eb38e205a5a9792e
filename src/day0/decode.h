/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer encodings and gzip, as lenient as the Python modules that cloud-init uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct text;

/* What all that is gzipped in a day-0 file may unpack to. */
#define GUNZIP_MAX ((size_t)1 << 20)

bool gzip_is(const char *s, size_t len);

/* The caller frees *ret. -EFBIG over max bytes, -EINVAL when it is no gzip. */
int gunzip(const char *s, size_t len, size_t max, char **ret, size_t *ret_len, struct err *err);

/* The same bytes for the same input, whatever the time. The caller frees *ret. */
void gzip_pack(const char *s, size_t len, char **ret, size_t *ret_len);

/*
 * Decodes t; characters outside of the alphabet are skipped. *ret_bad is 0, or the line (of the
 * file) of the first such character; *ret_short says that the last group is incomplete. A last
 * group of one character makes Python give up: *ret is then what it was, without line breaks.
 */
void text_decode_base64(const struct text *t, struct text *ret, unsigned *ret_bad, bool *ret_short);

void quoted_printable_decode(const struct text *t, struct text *ret);
