/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Is the IPv4 or IPv6 address in a subnet that an interface of this machine has an address in? */
bool address_is_on_link(const char *address);
