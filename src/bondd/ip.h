/* SPDX-License-Identifier: Apache-2.0 */
/* An IPv4 or IPv6 address as a value. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip {
	int family;        /* AF_INET, AF_INET6; 0: no address */
	uint8_t bytes[16]; /* network order; those that the family does not use are 0 */
};

#define IP_TEXT_SIZE INET6_ADDRSTRLEN

/* 4, 16, or 0 for no address. */
size_t ip_len(const struct ip *ip);

/* From the bytes of a message: of that family, or no address when their number is another's. */
struct ip ip_from(int family, const void *bytes, size_t len);

/* The whole of text is an address. */
bool ip_parse(const char *text, struct ip *ret_ip);

/* Into buf of IP_TEXT_SIZE bytes, which is returned; "-" for no address. */
const char *ip_text(const struct ip *ip, char *buf);

bool ip_equal(const struct ip *a, const struct ip *b);

/* The first bits are the same, and the family. */
bool ip_same_net(const struct ip *a, const struct ip *b, unsigned bits);
