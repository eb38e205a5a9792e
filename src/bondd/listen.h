/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket of the status service. */
#pragma once

#include <sys/socket.h>

struct err;

#define BONDD_PORT "9780"
#define BONDD_CONF "/etc/bondd.conf"

struct listen {
	struct sockaddr_storage address;
	socklen_t len;
};

/* "ADDRESS", "ADDRESS:PORT", "[IPV6]:PORT"; -EINVAL. */
int listen_parse(const char *text, struct listen *ret_listen, struct err *err);

/*
 * A listening socket, or -errno. The address need not exist yet (IP_FREEBIND): it works as soon as
 * an interface gets it.
 */
int listen_open(const struct listen *listen, struct err *err);
