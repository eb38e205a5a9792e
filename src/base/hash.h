/* SPDX-License-Identifier: Apache-2.0 */
/* A hash that tells things apart; it keeps nobody out. */
#pragma once

#include <stddef.h>

/* FNV-1a of 128 bits (draft-eastlake-fnv) as 32 hex digits; the caller frees. */
char *hash_hex(const void *data, size_t len);
