// SPDX-License-Identifier: Apache-2.0
#include "bondd/listen.h"

#include <netdb.h>
#include <netinet/in.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

enum { BACKLOG = 16 };

int listen_parse(const char *text, struct listen *ret_listen, struct err *err)
{
	cleanup_free char *copy = xstrdup(text);
	char *host = copy;
	const char *port = BONDD_PORT;
	char *colon = strrchr(copy, ':');

	if (copy[0] == '[') {
		char *end = strchr(copy, ']');
		if (!end || (end[1] && end[1] != ':'))
			return err_set(err, INVALID, "'%s' must be [ADDRESS]:PORT", text);
		host = copy + 1;
		if (end[1])
			port = end + 2;
		*end = 0;
	} else if (colon && strchr(copy, ':') == colon) { /* one only: no IPv6 address */
		*colon = 0;
		port = colon + 1;
	}

	int64_t number;
	if (str_to_int(port, 1, 65535, &number) < 0)
		return err_set(err, INVALID, "'%s': port '%s' must be an integer from 1 to 65535",
			       text, port);

	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	if (!host[0] || getaddrinfo(host, port, &hints, &found) != 0)
		return err_set(err, INVALID, "'%s' must be ADDRESS or ADDRESS:PORT", text);
	memcpy(&ret_listen->address, found->ai_addr, found->ai_addrlen);
	ret_listen->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int listen_open(const struct listen *listen_at, struct err *err)
{
	const struct sockaddr *address = (const struct sockaddr *)&listen_at->address;
	cleanup_close int fd =
		socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return err_errno(err, errno, "cannot create a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* IP_FREEBIND also works on IPv6 sockets. */
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	if (bind(fd, address, listen_at->len) < 0 || listen(fd, BACKLOG) < 0) {
		int code = errno;
		char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";
		getnameinfo(address, listen_at->len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
		return err_errno(err, code, "cannot listen on %s port %s", host, port);
	}
	return steal_fd(&fd);
}
