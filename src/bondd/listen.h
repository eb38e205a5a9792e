/* SPDX-License-Identifier: Apache-2.0 */
/* Where bondd is to be asked. */
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
 * A listening socket, or -errno. The address need not be there yet: an interface that comes up
 * later makes it work.
 */
int listen_open(const struct listen *listen, struct err *err);
