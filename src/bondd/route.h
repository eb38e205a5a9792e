/* SPDX-License-Identifier: Apache-2.0 */
/* Default routes out of the kernel's tables in /proc/net. */
#pragma once

#include "net/status.h"

/*
 * Sets gateway4 (gateway6) of the interfaces that have a default route with a gateway, the one
 * with the lowest metric, from the text of /proc/net/route (ipv6_route). Lines that are none of
 * the kernel's are passed over.
 */
void route4_take(const char *text, struct guest_status *s);
void route6_take(const char *text, struct guest_status *s);
