// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/guest.h"
#include "deploy/net.h"
#include "vim/vim.h"

/* ICMP and ICMPv6 echo have the same layout: RFC 792, RFC 4443 section 4. */
struct echo {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint8_t token[16]; /* ours: a ping socket's id is the kernel's choice */
};

/* RFC 1071 */
static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* A ping socket where ping_group_range lets us, else a raw one (CAP_NET_RAW). */
static int open_icmp(struct vim *vim, const struct net_address *address, bool *ret_raw,
		     struct err *err)
{
	int protocol = address->sa.ss_family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
	int fd = net_socket(vim, address, SOCK_DGRAM, protocol, NULL);

	*ret_raw = fd < 0;
	return fd < 0 ? net_socket(vim, address, SOCK_RAW, protocol, err) : fd;
}

/* Is this the reply to our request? A raw IPv4 socket gives the IP header too. */
static bool is_reply(const uint8_t *packet, size_t len, bool v6, bool raw,
		     const struct echo *request)
{
	struct echo reply;

	if (raw && !v6) {
		size_t header = len > 0 ? (packet[0] & 0xfU) * 4U : 0;
		if (header < sizeof(struct iphdr) || header > len)
			return false;
		packet += header;
		len -= header;
	}
	if (len < sizeof(reply))
		return false;
	memcpy(&reply, packet, sizeof(reply));
	return reply.type == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
	       memcmp(reply.token, request->token, sizeof(reply.token)) == 0;
}

static int exchange(int fd, const struct net_address *address, bool raw, int64_t deadline)
{
	bool v6 = address->sa.ss_family == AF_INET6;
	struct echo request = {.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .sequence = htons(1)};

	if (getrandom(request.token, sizeof(request.token), 0) != sizeof(request.token))
		return -errno;
	memcpy(&request.id, request.token, sizeof(request.id));
	if (!v6)
		request.checksum = checksum(&request, sizeof(request));
	if (connect(fd, (const struct sockaddr *)&address->sa, address->len) < 0 ||
	    send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	for (;;) {
		uint8_t packet[256];
		int r = net_wait(fd, POLLIN, deadline);
		if (r < 0)
			return r;
		ssize_t n = recv(fd, packet, sizeof(packet), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0 && is_reply(packet, (size_t)n, v6, raw, &request))
			return 0;
	}
}

int guest_ping(struct vim *vim, const char *address, unsigned timeout_ms, double *ret_ms,
	       struct err *err)
{
	struct net_address to;
	bool raw;
	int r = net_address(address, 0, &to, err);

	if (r < 0)
		return r;
	cleanup_close int fd = open_icmp(vim, &to, &raw, err);
	if (fd < 0)
		return err_wrap(err, "ping %s", address);

	int64_t start = clock_now();
	r = exchange(fd, &to, raw, start + timeout_ms * US_PER_MS);
	if (r == -ETIMEDOUT)
		return err_code(err, UNREACHABLE, ETIMEDOUT, "ping %s: no reply in %u ms", address,
				timeout_ms);
	if (r < 0)
		return err_net(err, r, "ping %s", address);
	if (ret_ms)
		*ret_ms = clock_ms_since(start);
	return 0;
}
