// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/sock_diag.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "probe/probes_internal.h"

enum {
	/* The answers to 10,000 probes in the time of PROBES_LATE_MS, each 1,280 bytes to the
	 * kernel, which doubles the number. Requests wait in the other one for an address to be
	 * resolved. */
	BUFFER = 8 << 20,
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int open_one(int family, bool dns, int *ret_fd, struct err *err)
{
	int protocol = dns ? 0 : family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
	int fd = socket(family, (dns ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC,
			protocol);
	int room = BUFFER;

	if (fd < 0 && errno == EAFNOSUPPORT && family == AF_INET6)
		return 0;
	if (fd < 0)
		return err_errno(err, errno, "cannot open a %s socket for %s%s",
				 dns ? "UDP" : "raw ICMP", family == AF_INET6 ? "IPv6" : "IPv4",
				 errno == EPERM ? ", which needs CAP_NET_RAW" : "");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*ret_fd = fd;
	return 0;
}

int probes_open(struct probes_sockets *ret_sockets, struct err *err)
{
	struct probes_sockets s = PROBES_NO_SOCKETS;
	int r = open_one(AF_INET, false, &s.echo4, err);

	if (r == 0)
		r = open_one(AF_INET6, false, &s.echo6, err);
	if (r == 0)
		r = open_one(AF_INET, true, &s.dns4, err);
	if (r == 0)
		r = open_one(AF_INET6, true, &s.dns6, err);
	if (r < 0)
		probes_close(&s);
	else
		*ret_sockets = s;
	return r;
}

void probes_close(struct probes_sockets *sockets)
{
	const int fds[] = {sockets->echo4, sockets->echo6, sockets->dns4, sockets->dns6};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*sockets = PROBES_NO_SOCKETS;
}

/* Nothing but echo replies. */
static int filter_icmp(const struct channel *c)
{
	struct icmp_filter v4 = {.data = ~(1U << ICMP_ECHOREPLY)};
	struct icmp6_filter v6;

	if (c->family == AF_INET)
		return setsockopt(c->fd, SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
	ICMP6_FILTER_SETBLOCKALL(&v6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &v6);
	return setsockopt(c->fd, SOL_ICMPV6, ICMP6_FILTER, &v6, sizeof(v6));
}

int channel_init(struct channel *c, struct err *err)
{
	int on = 1, type = 0;
	socklen_t size = sizeof(type);

	if (c->fd < 0)
		return 0;
	if (getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return err_errno(err, errno, "cannot set up a socket of the probes");
	c->raw = type == SOCK_RAW;
	if (setsockopt(c->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    (c->raw && filter_icmp(c) < 0))
		return err_errno(err, errno, "cannot set up a socket of the probes");
	(void)channel_dropped(c);
	return 0;
}

uint32_t channel_dropped(struct channel *c)
{
	uint32_t info[SK_MEMINFO_VARS] = {0}, before = c->drops;
	socklen_t size = sizeof(info);

	/* The counter of SO_RXQ_OVFL, which is delivered only with the next packet. */
	if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0)
		return 0;
	c->drops = info[SK_MEMINFO_DROPS];
	return c->drops - before;
}

/* -1: it has no timestamp. ahead: CLOCK_REALTIME less CLOCK_MONOTONIC, us. */
static int64_t arrival(struct msghdr *message, int64_t ahead)
{
	struct timespec t;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS ||
		    c->cmsg_len < CMSG_LEN(sizeof(t)))
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return t.tv_sec * US_PER_S + t.tv_nsec / 1000 - ahead;
	}
	return -1;
}

static int64_t realtime_ahead(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000 - clock_now();
}

size_t channel_receive(struct channel *c, struct incoming *in)
{
	struct mmsghdr messages[PROBES_BATCH] = {0};
	struct iovec parts[PROBES_BATCH];
	union address from[PROBES_BATCH];
	char control[PROBES_BATCH][CMSG_SPACE(sizeof(struct timespec))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));

	for (size_t i = 0; i < PROBES_BATCH; i++) {
		parts[i] = (struct iovec){in->bytes[i], sizeof(in->bytes[i])};
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = sizeof(control[i]),
		};
	}
	int n = recvmmsg(c->fd, messages, PROBES_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	int64_t ahead = realtime_ahead();
	for (int i = 0; i < n; i++)
		in->datagrams[i] = (struct datagram){
			.bytes = in->bytes[i],
			.len = messages[i].msg_len,
			.from = ip_from_sockaddr(&from[i].any),
			.port = ntohs(c->family == AF_INET ? from[i].v4.sin_port
							   : from[i].v6.sin6_port),
			.arrived = arrival(&messages[i].msg_hdr, ahead),
		};
	return (size_t)n;
}

static socklen_t put_address(const struct probe *q, union address *ret)
{
	*ret = (union address){0};
	if (q->address.version == 4) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(q->port);
		memcpy(&ret->v4.sin_addr, q->address.bytes, sizeof(ret->v4.sin_addr));
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(q->port);
	memcpy(&ret->v6.sin6_addr, q->address.bytes, sizeof(ret->v6.sin6_addr));
	return sizeof(ret->v6);
}

static void put_echo(const struct probes *p, const struct probe *q,
		     uint8_t ret_bytes[ICMP_ECHO_SIZE])
{
	struct icmp_echo echo = {.sequence = q->id, .number = q->index};

	memcpy(echo.token, p->identity, sizeof(p->identity));
	memcpy(echo.token + sizeof(p->identity), q->token, sizeof(q->token));
	icmp_echo_build(q->address.version == 6, &echo, ret_bytes);
}

int channel_send(const struct probes *p, const struct channel *c, size_t from)
{
	struct mmsghdr messages[PROBES_BATCH] = {0};
	struct iovec parts[PROBES_BATCH][2];
	union address to[PROBES_BATCH];
	uint8_t bytes[PROBES_BATCH][ICMP_ECHO_SIZE];
	size_t n = c->out.n - from;

	_Static_assert((int)ICMP_ECHO_SIZE >= (int)PROBE_DNS_HEADER, "room for either");
	for (size_t i = 0; i < n; i++) {
		struct probe *q = c->out.probes[from + i];
		struct msghdr *m = &messages[i].msg_hdr;
		parts[i][0] = (struct iovec){bytes[i], c->dns ? PROBE_DNS_HEADER : ICMP_ECHO_SIZE};
		parts[i][1] = (struct iovec){q->question, q->question_len};
		m->msg_name = &to[i];
		m->msg_namelen = put_address(q, &to[i]);
		m->msg_iov = parts[i];
		m->msg_iovlen = c->dns ? 2 : 1;
		if (c->dns)
			probe_dns_header(q->id, bytes[i]);
		else
			put_echo(p, q, bytes[i]);
	}
	int sent = sendmmsg(c->fd, messages, (unsigned)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}
