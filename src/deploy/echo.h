/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP and ICMPv6 echo over a socket of the VIM: requests carry a number, replies return it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/icmp_echo.h"

struct err;
struct vim;

struct echo {
	int fd; /* connected, non-blocking */
	bool raw, v6;
	/* In each request: a ping socket's id is chosen by the kernel. */
	uint8_t token[ICMP_ECHO_TOKEN];
};

/* A ping socket where ping_group_range permits it, else a raw one (CAP_NET_RAW). The caller closes
 * ret->fd. */
int echo_open(struct vim *vim, const char *address, struct echo *ret, struct err *err);

void echo_build(const struct echo *echo, uint32_t number, uint8_t ret_request[ICMP_ECHO_SIZE]);

/* The number of the request that this packet answers; -1: none of ours. */
int64_t echo_number(const struct echo *echo, const uint8_t *packet, size_t len);
