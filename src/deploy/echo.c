// SPDX-License-Identifier: Apache-2.0
#include "deploy/echo.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "deploy/net.h"
#include "vim/vim.h"

/* Both protocols have the same layout: RFC 792, RFC 4443 section 4. */
struct message {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint8_t token[12];
	uint32_t number;
};

_Static_assert(sizeof(struct message) == ECHO_SIZE, "echo message");

/* RFC 1071: the same in either byte order */
static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		uint16_t word;

		memcpy(&word, p + i, sizeof(word));
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

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

void echo_build(const struct echo *echo, uint32_t number, uint8_t ret_request[ECHO_SIZE])
{
	struct message m = {
		.type = echo->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.sequence = htons((uint16_t)number),
		.number = htonl(number),
	};

	memcpy(&m.id, echo->token, sizeof(m.id));
	memcpy(m.token, echo->token, sizeof(m.token));
	if (!echo->v6) /* the kernel's work in IPv6 */
		m.checksum = checksum(&m, sizeof(m));
	memcpy(ret_request, &m, sizeof(m));
}

int64_t echo_number(const struct echo *echo, const uint8_t *packet, size_t len)
{
	struct message m;

	if (echo->raw && !echo->v6) { /* with the IP header */
		size_t header = len > 0 ? (packet[0] & 0xfU) * 4U : 0;
		if (header < sizeof(struct iphdr) || header > len)
			return -1;
		packet += header;
		len -= header;
	}
	if (len < sizeof(m))
		return -1;
	memcpy(&m, packet, sizeof(m));
	if (m.type != (echo->v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) ||
	    memcmp(m.token, echo->token, sizeof(m.token)) != 0)
		return -1;
	return ntohl(m.number);
}
