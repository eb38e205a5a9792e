/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4). */
#pragma once

#include <stddef.h>

extern const char base64_alphabet[];

/* Without line breaks; the caller frees it. */
char *base64_encode(const void *data, size_t len);
