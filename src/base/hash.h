/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, to detect changes and to derive names. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 64 hex digits; the caller frees. */
char *hash_hex(const void *data, size_t len);

/* The first 64 bits. */
uint64_t hash64(const void *data, size_t len);
