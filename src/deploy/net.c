// SPDX-License-Identifier: Apache-2.0
#include "deploy/net.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "vim/vim.h"

int net_address(const char *text, unsigned port, struct net_address *ret_address, struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	char service[12];

	snprintf(service, sizeof(service), "%u", port);
	if (!text || !text[0] || port > 65535 || getaddrinfo(text, service, &hints, &found) != 0)
		return err_set(err, INVALID, "'%s' port %u must be an IP address and a port",
			       text ? text : "", port);
	memcpy(&ret_address->sa, found->ai_addr, found->ai_addrlen);
	ret_address->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int net_socket(struct vim *vim, const struct net_address *address, int type, int protocol,
	       struct err *err)
{
	cleanup_close int fd =
		vim->ops->socket(vim, address->sa.ss_family, type | SOCK_CLOEXEC, protocol, err);

	if (fd < 0)
		return fd;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_errno(err, errno, "cannot prepare a socket");
	return steal_fd(&fd);
}

int net_wait(int fd, short events, int64_t deadline)
{
	for (;;) {
		int left = clock_left_ms(deadline);
		if (left == 0)
			return -ETIMEDOUT;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		int error = 0;
		socklen_t len = sizeof(error);
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
			return -error;
		return 0;
	}
}
