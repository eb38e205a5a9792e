// SPDX-License-Identifier: Apache-2.0
#include "deploy/reach.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/net.h"

static bool has_address(const struct vim_port_info *p, const char *address)
{
	return array_find(p->ip_addresses.v, p->ip_addresses.n, streq(*it, address)) != NULL;
}

/* The best port to reach the address. An address that no port owns is a bond's, so it is behind the
 * direct ports. */
static const struct vim_port_info *best_port(const struct vim_server_info *server,
					     const char *address)
{
	const struct vim_port_info *best = NULL;
	bool owned = false;

	for (size_t i = 0; i < server->n_ports; i++) {
		const struct vim_port_info *p = &server->ports[i];
		bool owns = has_address(p, address);
		if ((owned && !owns) || (!owns && p->type != PORT_DIRECT))
			continue;
		if (!best || owns > owned || p->reach < best->reach)
			best = p;
		owned = owned || owns;
	}
	return best;
}

/* connect(2) on a datagram socket looks up the route and sends nothing. */
static int look_up_route(struct vim *vim, const char *address)
{
	struct net_address to;
	int r = net_address(address, 9, &to, NULL);

	if (r < 0)
		return r;
	cleanup_close int fd = net_socket(vim, &to, SOCK_DGRAM, 0, NULL);
	if (fd < 0)
		return fd;
	return connect(fd, (const struct sockaddr *)&to.sa, to.len) < 0 ? -errno : 0;
}

enum vim_reach reach_of(struct vim *vim, const struct vim_server_info *server, const char *address,
			char **ret_why)
{
	const struct vim_port_info *port = best_port(server, address);

	*ret_why = NULL;
	if (port && port->reach == VIM_REACH_NO) {
		*ret_why = xasprintf("network %s has no router, and this machine is neither on it "
				     "nor has a route to %s",
				     port->network, address);
		return VIM_REACH_NO;
	}
	int r = look_up_route(vim, address);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EADDRNOTAVAIL) {
		*ret_why = xasprintf("this machine has no route to %s", address);
		return VIM_REACH_NO;
	}
	return port ? port->reach : VIM_REACH_YES;
}

char *reach_barrier(struct vim *vim, const struct vim_server_info *server, const char *address,
		    const char *protocol, unsigned port_number)
{
	const struct vim_port_info *port = best_port(server, address);
	struct vim_packet packet = {.protocol = protocol, .port = port_number};
	struct sockaddr_storage own;
	char *why = NULL;
	socklen_t len = sizeof(own);
	struct net_address to;

	if (!vim->ops->barrier || !port || net_address(address, 9, &to, NULL) < 0)
		return NULL;
	cleanup_close int fd = net_socket(vim, &to, SOCK_DGRAM, 0, NULL);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to.sa, to.len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		return NULL;
	packet.from = ip_from_sockaddr((const struct sockaddr *)&own);
	packet.to = ip_from_sockaddr((const struct sockaddr *)&to.sa);
	vim->ops->barrier(vim, port, &packet, &why);
	return why;
}
