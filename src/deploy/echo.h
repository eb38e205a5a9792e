/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP and ICMPv6 echo over a socket of the VIM: requests carry a number, replies return it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct vim;

#define ECHO_SIZE 24 /* of a request, without IP header */

struct echo {
	int fd; /* connected, non-blocking */
	bool raw, v6;
	uint8_t token[12]; /* in each request: a ping socket's id is chosen by the kernel */
};

/* A ping socket where ping_group_range permits it, else a raw one (CAP_NET_RAW). The caller closes
 * ret->fd. */
int echo_open(struct vim *vim, const char *address, struct echo *ret, struct err *err);

void echo_build(const struct echo *echo, uint32_t number, uint8_t ret_request[ECHO_SIZE]);

/* The number of the request that this packet answers; -1: none of ours. */
int64_t echo_number(const struct echo *echo, const uint8_t *packet, size_t len);
