// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <nettle/sha2.h>
#include <stdio.h>

#include "base/alloc.h"

static void sha256(const void *data, size_t len, uint8_t ret[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, data);
	sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
}

char *hash_hex(const void *data, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *hex = xcalloc(2 * sizeof(digest) + 1, 1);

	sha256(data, len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	return hex;
}

uint64_t hash64(const void *data, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	uint64_t hash = 0;

	sha256(data, len, digest);
	for (size_t i = 0; i < sizeof(hash); i++)
		hash = hash << 8 | digest[i];
	return hash;
}
