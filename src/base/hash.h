/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, to detect changes and to derive names. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 64 hex digits; the caller frees. */
char *hash_hex(const void *data, size_t len);

/* The first 64 bits. */
uint64_t hash64(const void *data, size_t len);

/*
 * FNV-1a, which version 0.1 used for digests of requests and names of namespaces. Its deployments
 * still have them: without this file, the first deploy of a later version would replace every
 * object, and undeploy would not find a local deployment. Only for comparison; not used for new
 * objects. Delete it with its callers when deployments of 0.1 need not be supported any more.
 */
char *hash_old_hex(const void *data, size_t len); /* 128 bits; the caller frees */
uint64_t hash_old64(const void *data, size_t len);
