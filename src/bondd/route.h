/* SPDX-License-Identifier: Apache-2.0 */
/* Default routes from the kernel's tables in /proc/net. */
#pragma once

#include "net/status.h"

/*
 * Sets gateway4 (gateway6) of interfaces with a default route to the gateway with the lowest
 * metric, from the text of /proc/net/route (ipv6_route). Malformed lines are ignored.
 */
void route4_take(const char *text, struct guest_status *s);
void route6_take(const char *text, struct guest_status *s);
