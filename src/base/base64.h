/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* Without line breaks; the caller frees it. */
char *base64_encode(const void *data, size_t len);

/* The six bits that c encodes; -1 if it is not in the alphabet. */
int base64_value(char c);

/*
 * Appends the decoded s, up to the padding, which may be missing. False: stopped at a character
 * outside the alphabet.
 */
bool base64_decode(const char *s, size_t len, struct strbuf *b);
