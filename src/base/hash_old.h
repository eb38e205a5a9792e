/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FNV-1a, by which version 0.1 made the digests of requests and the names of namespaces. What it
 * deployed still carries them: without this file the first deploy of a later version would replace
 * every object, and undeploy would not find a local deployment. Only for comparison; nothing new is
 * named or marked by it. Delete it with its callers when deployments of 0.1 need not be taken over
 * any more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

char *hash_old_hex(const void *data, size_t len); /* 128 bits; the caller frees */
uint64_t hash_old64(const void *data, size_t len);
