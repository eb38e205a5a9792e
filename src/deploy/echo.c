// SPDX-License-Identifier: Apache-2.0
#include "deploy/echo.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "deploy/net.h"
#include "vim/vim.h"

int echo_open(struct vim *vim, const char *address, struct echo *ret, struct err *err)
{
	struct net_address to;
	struct echo echo = {0};
	int r = net_address(address, 0, &to, err);

	if (r < 0)
		return r;
	echo.v6 = to.sa.ss_family == AF_INET6;
	int protocol = echo.v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
	if (getrandom(echo.token, sizeof(echo.token), 0) != sizeof(echo.token))
		return err_errno(err, errno, "getrandom");
	echo.fd = net_socket(vim, &to, SOCK_DGRAM, protocol, NULL);
	echo.raw = echo.fd < 0;
	if (echo.raw)
		echo.fd = net_socket(vim, &to, SOCK_RAW, protocol, err);
	if (echo.fd < 0)
		return err_wrap(err, "ping %s", address);
	if (connect(echo.fd, (const struct sockaddr *)&to.sa, to.len) < 0) {
		r = err_net(err, errno, "ping %s", address);
		close(echo.fd);
		return r;
	}
	*ret = echo;
	return 0;
}

void echo_build(const struct echo *echo, uint32_t number, uint8_t ret_request[ICMP_ECHO_SIZE])
{
	struct icmp_echo m = {.sequence = (uint16_t)number, .number = number};

	memcpy(m.token, echo->token, sizeof(m.token));
	icmp_echo_build(echo->v6, &m, ret_request);
}

int64_t echo_number(const struct echo *echo, const uint8_t *packet, size_t len)
{
	struct icmp_echo m;

	if (!icmp_echo_read(echo->v6, echo->raw && !echo->v6, packet, len, &m) ||
	    memcmp(m.token, echo->token, sizeof(m.token)) != 0)
		return -1;
	return m.number;
}
