/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer encodings and gzip, as lenient as the Python modules that cloud-init uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct text;

/* Limit on the total size of unpacked gzip data in a day-0 file, in bytes. */
#define GUNZIP_MAX ((size_t)1 << 20)

bool gzip_is(const char *s, size_t len);

/* Unpacks gzip. The caller frees *ret. -EFBIG above max bytes, -EINVAL if it is not gzip. */
int gunzip(const char *s, size_t len, size_t max, char **ret, size_t *ret_len, struct err *err);

/* Compresses; deterministic, without a timestamp. The caller frees *ret. */
void gzip_pack(const char *s, size_t len, char **ret, size_t *ret_len);

/*
 * Decodes base64 and skips characters outside the alphabet. *ret_bad is the line (of the file) of
 * the first such character, or 0. *ret_short: the last group is incomplete. If the last
 * group has one character, Python gives up, and *ret is the input without line breaks.
 */
void text_decode_base64(const struct text *t, struct text *ret, unsigned *ret_bad, bool *ret_short);

void quoted_printable_decode(const struct text *t, struct text *ret);
