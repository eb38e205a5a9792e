/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The default allocation pools of a new subnet as Neutron generates them (neutron/ipam/utils.py,
 * generate_pools): all addresses of address/prefix except the network address, the broadcast
 * address (IPv4) and the gateway. [{"start": ..., "end": ...}], or NULL if the arguments are not
 * addresses. The caller owns it.
 */
json_t *allocation_pools(const char *address, unsigned prefix, const char *gateway);
