/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets in the deployment's networks, shared by the modules that talk to the guest. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

struct err;
struct vim;

struct net_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* An IPv4 or IPv6 address as text and a port; -EINVAL. */
int net_address(const char *text, unsigned port, struct net_address *ret_address, struct err *err);

/* A non-blocking socket of the address's family, opened through the VIM, or -errno. */
int net_socket(struct vim *vim, const struct net_address *address, int type, int protocol,
	       struct err *err);

/* Waits for events (poll(2)) until deadline (base/clock.h): 0, -ETIMEDOUT, or the socket's pending
 * error. */
int net_wait(int fd, short events, int64_t deadline);
