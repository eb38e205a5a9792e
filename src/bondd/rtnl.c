// SPDX-License-Identifier: Apache-2.0
#include "bondd/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "bondd/tables.h"

enum {
	MESSAGE_MAX = 32 << 10, /* what the kernel puts into one part of a dump at most */
	REQUEST_MAX = 256,
	DUMP_TRIES = 10,
	/*
	 * For the answer to be read. It is there already: the kernel does what it is asked while it
	 * is sent, and nothing bounds how long that takes, with a driver or a lock in the way.
	 */
	ANSWER_S = 2,
	NEWS_BYTES = 1 << 20,
};

struct rtnl {
	struct mnl_socket *news;    /* multicast groups; does not block */
	struct mnl_socket *request; /* one question, its answer */
	unsigned sequence;
	char buf[MESSAGE_MAX];
};

static int open_socket(struct mnl_socket **ret, int flags, struct err *err)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int code = errno;
		if (nl)
			mnl_socket_close(nl);
		return err_errno(err, code, "cannot use rtnetlink");
	}
	*ret = nl;
	return 0;
}

static int subscribe(struct rtnl *r, struct err *err)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	int bytes = NEWS_BYTES;

	/* Without the privilege the default size stays, and ENOBUFS comes sooner. */
	(void)setsockopt(mnl_socket_get_fd(r->news), SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			 sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		int group = groups[i];
		if (mnl_socket_setsockopt(r->news, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
		    0)
			return err_errno(err, errno, "cannot subscribe to rtnetlink group %d",
					 group);
	}
	return 0;
}

/*
 * Up to a datagram into r->buf; anyone may send to a netlink socket's address, so what is not the
 * kernel's is passed over. 0: nothing of the kernel's, -errno: -ENOBUFS for what did not fit.
 */
static ssize_t receive(struct rtnl *r, struct mnl_socket *nl)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {r->buf, sizeof(r->buf)};
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(mnl_socket_get_fd(nl), &message, 0);

	if (n < 0)
		return -errno;
	if (message.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	return message.msg_flags & MSG_TRUNC ? -ENOBUFS : n;
}

static int refusal(const struct nlmsghdr *m, struct err *err)
{
	const char *words;
	int code = netlink_read_error(m, &words);

	if (code == 0)
		return 0;
	return err_errno(err, code, words ? "the kernel refused (%s)" : "the kernel refused",
			 words);
}

/*
 * Sends m and takes its answers up to the end; each goes to take. -EINTR, err untouched: a dump
 * that a change overtook.
 */
static int talk(struct rtnl *r, struct nlmsghdr *m,
		void (*take)(void *data, const struct nlmsghdr *m), void *data, struct err *err)
{
	bool torn = false;

	m->nlmsg_seq = ++r->sequence;
	if (mnl_socket_sendto(r->request, m, m->nlmsg_len) < 0)
		return err_errno(err, errno, "cannot send to rtnetlink");
	for (;;) {
		ssize_t n = receive(r, r->request);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return err_code(err, LOCAL, ETIMEDOUT, "no answer from rtnetlink in %d s",
					ANSWER_S);
		if (n < 0)
			return err_errno(err, (int)n, "no answer from rtnetlink");

		int left = (int)n;
		for (const struct nlmsghdr *a = (const void *)r->buf; netlink_ok(a, left);
		     a = mnl_nlmsg_next(a, &left)) {
			/* An answer to an earlier question that came too late. */
			if (a->nlmsg_seq != r->sequence)
				continue;
			torn |= (a->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (a->nlmsg_type == NLMSG_ERROR)
				return refusal(a, err);
			if (a->nlmsg_type == NLMSG_DONE) {
				int code = refusal(a, err);
				return code == 0 && torn ? -EINTR : code;
			}
			if (a->nlmsg_type >= NLMSG_MIN_TYPE)
				take(data, a);
		}
	}
}

static void take_into_tables(void *tables, const struct nlmsghdr *m)
{
	(void)tables_take(tables, m);
}

static void take_route(void *tables, const struct nlmsghdr *m)
{
	tables_add_route(tables, m);
}

static struct nlmsghdr *dump_request(void *buf, unsigned type)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = (uint16_t)type;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (type == RTM_GETLINK) {
		mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
		mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else if (type == RTM_GETADDR) {
		mnl_nlmsg_put_extra_header(m, sizeof(struct ifaddrmsg));
	} else {
		mnl_nlmsg_put_extra_header(m, sizeof(struct rtmsg));
	}
	return m;
}

/* One dump, repeated while changes overtake it. */
static int dump(struct rtnl *r, unsigned type, struct tables *t, struct err *err)
{
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	int code = -EINTR;

	for (int i = 0; i < DUMP_TRIES && code == -EINTR; i++) {
		if (type == RTM_GETLINK)
			tables_mark_links(t);
		else if (type == RTM_GETADDR)
			tables_mark_addresses(t);
		else
			tables_drop_routes(t);
		code = talk(r, dump_request(buf, type),
			    type == RTM_GETROUTE ? take_route : take_into_tables, t, err);
	}
	if (code == -EINTR)
		return err_code(err, BUSY, EAGAIN, "the network changes too fast to be listed");
	return code;
}

static int dump_all(struct rtnl *r, struct tables *t, struct err *err)
{
	int code = dump(r, RTM_GETLINK, t, err);

	if (code == 0)
		code = dump(r, RTM_GETADDR, t, err);
	if (code == 0)
		code = dump(r, RTM_GETROUTE, t, err);
	if (code < 0)
		return err_wrap(err, "cannot list links, addresses and routes");
	tables_sweep(t);
	return 0;
}

int rtnl_open(struct tables *tables, struct rtnl **ret_rtnl, struct err *err)
{
	struct rtnl *r = xcalloc(1, sizeof(*r));
	struct timeval limit = {.tv_sec = ANSWER_S};
	int on = 1;
	int code = open_socket(&r->news, SOCK_NONBLOCK, err);

	if (code == 0)
		code = open_socket(&r->request, 0, err);
	if (code == 0) {
		/* Without it (Linux < 4.12) refusals have a number only. */
		(void)mnl_socket_setsockopt(r->request, NETLINK_EXT_ACK, &on, sizeof(on));
		(void)setsockopt(mnl_socket_get_fd(r->request), SOL_SOCKET, SO_RCVTIMEO, &limit,
				 sizeof(limit));
		code = subscribe(r, err);
	}
	if (code == 0)
		code = dump_all(r, tables, err);
	if (code < 0) {
		rtnl_close(r);
		return code;
	}
	*ret_rtnl = r;
	return 0;
}

int rtnl_fd(const struct rtnl *r)
{
	return mnl_socket_get_fd(r->news);
}

int rtnl_hear(struct rtnl *r, struct tables *tables, bool *ret_changed, struct err *err)
{
	bool changed = false, stale_routes = false, lost = false;
	int code = 0;
	ssize_t n;

	while ((n = receive(r, r->news)) != -EAGAIN) {
		if (n == -EINTR)
			continue;
		if (n == -ENOBUFS) {
			lost = true; /* what is still there is older than the loss, or dumped too */
			continue;
		}
		if (n < 0)
			return err_errno(err, (int)n, "cannot hear rtnetlink");

		int left = (int)n;
		for (const struct nlmsghdr *m = (const void *)r->buf; netlink_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			enum tables_change change = tables_take(tables, m);
			changed |= change != TABLES_SAME;
			stale_routes |= change == TABLES_ROUTES_STALE;
		}
	}
	if (lost)
		code = dump_all(r, tables, err);
	else if (stale_routes)
		code = dump(r, RTM_GETROUTE, tables, err);
	if (code < 0)
		return code;
	*ret_changed = changed || lost;
	return 0;
}

static void take_active(void *active, const struct nlmsghdr *m)
{
	struct link l;

	if (netlink_read_link(m, &l))
		*(int *)active = l.bond.active;
}

int rtnl_set_active(struct rtnl *r, int bond, int leg, struct err *err)
{
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	int active = 0;
	int code = talk(r, netlink_put_active(buf, bond, leg), take_active, &active, err);

	if (code < 0)
		return code;

	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	m->nlmsg_type = RTM_GETLINK;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(m, sizeof(*ifi));
	ifi->ifi_index = bond;
	code = talk(r, m, take_active, &active, err);
	if (code < 0)
		return err_wrap(err, "cannot read back the active leg");
	if (active != leg)
		return err_code(err, BUSY, EAGAIN, "the kernel kept the active leg");
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	if (r->news)
		mnl_socket_close(r->news);
	if (r->request)
		mnl_socket_close(r->request);
	free(r);
}
