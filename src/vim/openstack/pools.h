/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The addresses of the network address/prefix that Neutron may give out when gateway is not one of
 * them, as it chooses itself for a new subnet (neutron/ipam/utils.py, generate_pools): all but the
 * network's, the broadcast address (IPv4) and the gateway. [{"start": ..., "end": ...}], or NULL
 * when these are no addresses. The caller owns it.
 */
json_t *allocation_pools(const char *address, unsigned prefix, const char *gateway);
