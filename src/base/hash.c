// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <inttypes.h>
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

__extension__ typedef unsigned __int128 uint128;

char *hash_old_hex(const void *data, size_t len)
{
	const uint128 prime = ((uint128)1 << 88) + 0x13b;
	uint128 hash = ((uint128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * prime;
	return xasprintf("%016" PRIx64 "%016" PRIx64, (uint64_t)(hash >> 64), (uint64_t)hash);
}

uint64_t hash_old64(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash;
}
