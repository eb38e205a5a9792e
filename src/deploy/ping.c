// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/echo.h"
#include "deploy/guest.h"
#include "deploy/net.h"

static int exchange(const struct echo *echo, int64_t deadline)
{
	uint8_t request[ICMP_ECHO_SIZE];

	echo_build(echo, 1, request);
	if (send(echo->fd, request, sizeof(request), 0) < 0)
		return -errno;
	for (;;) {
		uint8_t packet[256];
		int r = net_wait(echo->fd, POLLIN, deadline);
		if (r < 0)
			return r;
		ssize_t n = recv(echo->fd, packet, sizeof(packet), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0 && echo_number(echo, packet, (size_t)n) == 1)
			return 0;
	}
}

int guest_ping(struct vim *vim, const char *address, unsigned timeout_ms, double *ret_ms,
	       struct err *err)
{
	struct echo echo;
	int r = echo_open(vim, address, &echo, err);

	if (r < 0)
		return r;
	cleanup_close int fd = echo.fd;
	int64_t start = clock_now();
	r = exchange(&echo, start + timeout_ms * US_PER_MS);
	if (r == -ETIMEDOUT)
		return err_code(err, UNREACHABLE, ETIMEDOUT, "ping %s: no reply in %u ms", address,
				timeout_ms);
	if (r < 0)
		return err_net(err, r, "ping %s", address);
	if (ret_ms)
		*ret_ms = clock_ms_since(start);
	return 0;
}
