/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as numbers: equal, in a prefix, overlapping. */
#pragma once

#include <stdbool.h>

struct subnet;

struct ip {
	int family;              /* 4 or 6 */
	unsigned prefix;         /* length; all bits when none is given */
	unsigned char bytes[16]; /* the first 4 of an IPv4 address */
};

/* "192.0.2.1", "2001:db8::1/64"; false when it is no address. */
bool ip_parse(const char *s, struct ip *ret);
bool ip_equal(const struct ip *a, const struct ip *b); /* prefix aside */
bool ip_in(const struct ip *address, const struct ip *net);
bool ip_overlap(const struct ip *a, const struct ip *b); /* two prefixes */
bool ip_is_link_local(const struct ip *address);         /* fe80::/10, 169.254/16 */

/* The subnet's prefix; false when the descriptor gives it no usable address. */
bool ip_of_subnet(const struct subnet *subnet, struct ip *ret);

/* The network's or broadcast address of an IPv4 subnet with room for both (RFC 3021: not /31). */
bool ip_is_reserved(const struct ip *address, const struct ip *net);
