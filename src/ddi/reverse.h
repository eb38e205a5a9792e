/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the reverse tree: PTR records and zones. Pure.
 *
 * Reverse zones are at octet boundaries (in-addr.arpa, RFC 1035, 3.5) or nibble boundaries
 * (ip6.arpa, RFC 3596, 2.5): 10.64.0.0/14 has four, 64.10.in-addr.arpa to 67.10.in-addr.arpa. An
 * IPv4 prefix longer than /24 has a zone by RFC 2317, 64-26.2.0.192.in-addr.arpa for
 * 192.0.2.64/26: the holder of 2.0.192.in-addr.arpa points to it with CNAME records. There is no
 * such holder for private addresses (RFC 1918) and shared ones (RFC 6598), so these have the zone
 * of the enclosing /24. (RFC 2317 writes 64/26 and leaves the character to the parties; '-' is also
 * safe in file names.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/ip.h"

/* Of a DNS name as text, without the final dot, with its zero byte (RFC 1035, 2.3.4). */
enum { REVERSE_NAME_SIZE = 254 };

/* Writes the owner of the address's PTR record to buf of REVERSE_NAME_SIZE bytes and returns buf.
 */
const char *reverse_ptr_name(const struct ip_addr *ip, char *buf);

/* How many zones a prefix has: 1 to 128, or 256 for 0.0.0.0/0. */
size_t reverse_zone_count(const struct ip_prefix *prefix);

/* Name (REVERSE_NAME_SIZE bytes) and addresses of the i-th of them, i below the count. */
void reverse_zone(const struct ip_prefix *prefix, size_t i, char *ret_name,
		  struct ip_prefix *ret_part);

/* Whether the prefix has a zone by RFC 2317. */
bool reverse_is_classless(const struct ip_prefix *prefix);

/* The addresses of a reverse zone at a boundary, "64.10.in-addr.arpa". False: it is none. */
bool reverse_zone_parse(const char *name, struct ip_prefix *ret_part);
