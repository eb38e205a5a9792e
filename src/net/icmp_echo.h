/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of ICMP and ICMPv6 echo: builds requests, reads replies; does not send. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ICMP_ECHO_SIZE = 24, ICMP_ECHO_TOKEN = 12 };

/* What a request carries, and its reply returns. */
struct icmp_echo {
	uint16_t sequence;
	uint8_t token[ICMP_ECHO_TOKEN]; /* its first two bytes are the identifier, too */
	uint32_t number;
};

void icmp_echo_build(bool v6, const struct icmp_echo *echo, uint8_t ret_request[ICMP_ECHO_SIZE]);

/*
 * False if the packet is no echo reply with such a payload. ip_header: it begins with an IPv4
 * header. The reply's identifier is not read: the kernel of a ping socket chooses it.
 */
bool icmp_echo_read(bool v6, bool ip_header, const uint8_t *packet, size_t len,
		    struct icmp_echo *ret_echo);
