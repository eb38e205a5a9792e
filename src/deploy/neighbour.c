// SPDX-License-Identifier: Apache-2.0
#include "deploy/neighbour.h"

#include <linux/rtnetlink.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/guest.h"
#include "model/guest.h"
#include "net/rtnl.h"
#include "vim/vim.h"

#define USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct search {
	const struct vim_server_info *server;
	struct ip_addr address;
	struct mac_addr mac; /* that answers for it */
	bool on_segment, answered;
	int *taps;    /* indices of the ports' links here; 0: none */
	bool *behind; /* the MAC was learned on that port's link */
};

static void take_neighbour(void *data, const struct nlmsghdr *m)
{
	struct search *s = data;
	struct rtnl_neighbour n;

	if (!rtnl_read_neighbour(m, &n) || !ip_equal(&n.address, &s->address))
		return;
	s->on_segment = true;
	if (!s->answered && n.has_mac && (n.state & USABLE)) {
		s->answered = true;
		s->mac = n.mac;
	}
}

static void take_link(void *data, const struct nlmsghdr *m)
{
	struct search *s = data;
	struct rtnl_link link;

	for (size_t i = 0; rtnl_read_link(m, &link) && i < s->server->n_ports; i++)
		if (streq(s->server->ports[i].host_device, link.name))
			s->taps[i] = link.index;
}

static void take_forwarding(void *data, const struct nlmsghdr *m)
{
	struct search *s = data;
	struct rtnl_neighbour n;

	if (!rtnl_read_neighbour(m, &n) || !n.has_mac || (n.state & NUD_PERMANENT) ||
	    !mac_equal(&n.mac, &s->mac))
		return;
	for (size_t i = 0; i < s->server->n_ports; i++)
		s->behind[i] |= s->taps[i] == n.index;
}

static int look_up(struct netlink *nl, struct search *s, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));

	return netlink_dump(nl, rtnl_put_neighbours(buf, false), NULL, take_neighbour, s, err);
}

static int look_up_ports(struct netlink *nl, struct search *s, struct err *err)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	int r = netlink_dump(nl, rtnl_put_dump(buf, RTM_GETLINK, RTEXT_FILTER_SKIP_STATS), NULL,
			     take_link, s, err);

	return r < 0 ? r
		     : netlink_dump(nl, rtnl_put_neighbours(buf, true), NULL, take_forwarding, s,
				    err);
}

static int choose(const struct search *s, const struct bond *bond, const char *address,
		  struct neighbour *ret, struct err *err)
{
	const struct vim_port_info *by_mac = NULL, *by_link = NULL;
	size_t n_behind = 0, n_own = 0;

	mac_format(&s->mac, ret->mac);
	for (size_t i = 0; i < s->server->n_ports; i++) {
		const struct vim_port_info *port = &s->server->ports[i];
		if (s->behind[i] && n_behind++ == 0)
			by_link = port;
		if (mac_text_equal(port->mac_address, ret->mac) && n_own++ == 0)
			by_mac = port;
	}
	bool own_macs = !bond || bond->fail_over_mac == FAIL_OVER_MAC_ACTIVE;
	if (n_own == 0 && n_behind == 0)
		return err_code(err, FAILED, ENODEV,
				"%s answers for %s, and no port of server \"%s\" has this MAC",
				ret->mac, address, s->server->name);
	ret->forwarded = !own_macs || n_own != 1;
	ret->port = !ret->forwarded ? by_mac : n_behind == 1 ? by_link : NULL;
	return 0;
}

static int find(struct vim *vim, struct search *s, const char *address, unsigned timeout_ms,
		struct err *err)
{
	cleanup_netlink struct netlink *nl = NULL;
	int fd = vim->ops->socket(vim, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE, err);
	int r = fd < 0 ? fd : netlink_open_fd(fd, &nl, err);

	if (r == 0)
		r = look_up(nl, s, err);
	if (r == 0 && !s->answered) {
		(void)guest_ping(vim, address, timeout_ms, NULL, NULL);
		r = look_up(nl, s, err);
	}
	if (r < 0)
		return r;
	if (!s->on_segment)
		return err_code(
			err, NOT_FOUND, ENONET,
			"this machine is not on the segment of %s, so it does not see which "
			"MAC answers",
			address);
	if (!s->answered)
		return err_code(err, UNREACHABLE, ETIMEDOUT,
				"no machine on the segment answers for %s", address);
	return look_up_ports(nl, s, err);
}

int neighbour_find(struct vim *vim, const struct vim_server_info *server, const struct bond *bond,
		   const char *address, unsigned timeout_ms, struct neighbour *ret, struct err *err)
{
	struct search s = {.server = server};

	if (!ip_parse(address, &s.address))
		return err_set(err, INVALID, "\"%s\" is not an IP address", address);
	cleanup_free int *taps = s.taps = xcalloc(server->n_ports + 1, sizeof(*taps));
	cleanup_free bool *behind = s.behind = xcalloc(server->n_ports + 1, sizeof(*behind));
	struct neighbour found = {0};
	int r = find(vim, &s, address, timeout_ms, err);

	if (r == 0)
		r = choose(&s, bond, address, &found, err);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}
