// SPDX-License-Identifier: Apache-2.0
#include "net/netlink.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/err.h"

enum {
	DUMP_TRIES = 10,
	/*
	 * Limit for reading an answer, which is already there: the kernel carries out a request
	 * inside sendto(), which a driver or lock may delay without limit.
	 */
	ANSWER_S = 2,
	NOTIFICATION_BYTES = 1 << 20,
};

struct netlink {
	struct mnl_socket *socket;
	unsigned sequence;
	char *buf; /* grows to the longest datagram: a link with its VFs can pass 32 KiB */
	size_t size;
};

int netlink_open_fd(int fd, struct netlink **ret_nl, struct err *err)
{
	struct timeval limit = {.tv_sec = ANSWER_S};
	struct mnl_socket *socket = mnl_socket_fdopen(fd);
	int on = 1;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = err_errno(err, errno, "cannot open a netlink socket");
		if (socket)
			mnl_socket_close(socket);
		else
			close(fd);
		return r;
	}
	/* Without it (Linux < 4.12) an error has no message. */
	(void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	*ret_nl = xcalloc(1, sizeof(**ret_nl));
	(*ret_nl)->socket = socket;
	return 0;
}

int netlink_open(int protocol, struct netlink **ret_nl, struct err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	return fd < 0 ? err_errno(err, errno, "cannot open a netlink socket")
		      : netlink_open_fd(fd, ret_nl, err);
}

int netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	mnl_socket_close(nl->socket);
	free_all(nl->buf, nl);
}

/*
 * One datagram into nl->buf. Any process may send to a netlink socket, so returns 0 for messages
 * not from the kernel. -errno: -ENOBUFS when the kernel had to drop some.
 */
static ssize_t receive(struct netlink *nl, int flags)
{
	struct sockaddr_nl from = {0};
	struct iovec part;
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recv(netlink_fd(nl), NULL, 0, flags | MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n > nl->size) {
		nl->size = (size_t)n;
		nl->buf = xreallocarray(nl->buf, nl->size, 1);
	}
	part = (struct iovec){nl->buf, nl->size};
	do
		n = recvmsg(netlink_fd(nl), &message, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return message.msg_namelen == sizeof(from) && from.nl_pid == 0 ? n : 0;
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

static ssize_t receive_answer(struct netlink *nl, struct err *err)
{
	ssize_t n = receive(nl, 0);

	if (n == -EAGAIN)
		return err_code(err, LOCAL, ETIMEDOUT, "no answer from netlink in %d s", ANSWER_S);
	return n < 0 ? err_errno(err, (int)n, "no answer from netlink") : n;
}

int netlink_request(struct netlink *nl, struct nlmsghdr *m, netlink_take *take, void *data,
		    struct err *err)
{
	bool torn = false;

	m->nlmsg_seq = ++nl->sequence;
	if (mnl_socket_sendto(nl->socket, m, m->nlmsg_len) < 0)
		return err_errno(err, errno, "cannot send to netlink");
	for (;;) {
		ssize_t n = receive_answer(nl, err);
		if (n < 0)
			return (int)n;

		int left = (int)n;
		for (const struct nlmsghdr *a = (const void *)nl->buf; netlink_ok(a, left);
		     a = mnl_nlmsg_next(a, &left)) {
			/* An answer to an earlier request that came too late. */
			if (a->nlmsg_seq != nl->sequence)
				continue;
			torn |= (a->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (a->nlmsg_type == NLMSG_ERROR)
				return refusal(a, err);
			if (a->nlmsg_type == NLMSG_DONE) {
				int code = refusal(a, err);
				return code == 0 && torn ? -EINTR : code;
			}
			if (a->nlmsg_type >= NLMSG_MIN_TYPE && take)
				take(data, a);
		}
	}
}

int netlink_dump(struct netlink *nl, struct nlmsghdr *m, void (*begin)(void *data),
		 netlink_take *take, void *data, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		if (begin)
			begin(data);
		r = netlink_request(nl, m, take, data, err);
	}
	return r == -EINTR ? err_code(err, BUSY, EAGAIN,
				      "the network changes too fast to be listed: try again")
			   : r;
}

int netlink_batch(struct netlink *nl, const void *batch, size_t len, unsigned n, struct err *err)
{
	if (mnl_socket_sendto(nl->socket, batch, len) < 0)
		return err_errno(err, errno, "cannot send to netlink");
	while (n > 0) {
		ssize_t received = receive_answer(nl, err);
		if (received < 0)
			return (int)received;

		int left = (int)received;
		for (const struct nlmsghdr *m = (const void *)nl->buf; netlink_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			if (m->nlmsg_type != NLMSG_ERROR)
				continue;
			int r = refusal(m, err);
			if (r < 0)
				return r;
			n--;
		}
	}
	return 0;
}

int netlink_subscribe(struct netlink *nl, const int *groups, size_t n, struct err *err)
{
	int bytes = NOTIFICATION_BYTES;

	/* Without the privilege the default size stays, and ENOBUFS comes sooner. */
	(void)setsockopt(netlink_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	for (size_t i = 0; i < n; i++) {
		int group = groups[i];
		if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return err_errno(err, errno, "cannot subscribe to netlink group %d", group);
	}
	return 0;
}

int netlink_hear(struct netlink *nl, netlink_take *take, void *data, bool *ret_lost,
		 struct err *err)
{
	bool lost = false;
	ssize_t n;

	while ((n = receive(nl, MSG_DONTWAIT)) != -EAGAIN) {
		if (n == -ENOBUFS) {
			lost = true; /* pending messages are older than the loss, or in the new dump
				      */
			continue;
		}
		if (n < 0)
			return err_errno(err, (int)n, "cannot receive from netlink");

		int left = (int)n;
		for (const struct nlmsghdr *m = (const void *)nl->buf; netlink_ok(m, left);
		     m = mnl_nlmsg_next(m, &left))
			take(data, m);
	}
	*ret_lost = lost;
	return 0;
}

struct nlmsghdr *netlink_put(void *buf, unsigned type, unsigned flags, size_t header_size)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = (uint16_t)type;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	mnl_nlmsg_put_extra_header(m, header_size);
	return m;
}

bool netlink_ok(const struct nlmsghdr *m, int len)
{
	return len >= (int)sizeof(*m) && m->nlmsg_len >= sizeof(*m) &&
	       m->nlmsg_len <= (unsigned)len;
}

const void *netlink_end(const struct nlmsghdr *m)
{
	return (const char *)m + m->nlmsg_len;
}

const void *netlink_header(const struct nlmsghdr *m, size_t size)
{
	return mnl_nlmsg_get_payload_len(m) < size ? NULL : mnl_nlmsg_get_payload(m);
}

int netlink_read_error(const struct nlmsghdr *m, const char **ret_words)
{
	const struct nlmsgerr *e = netlink_header(m, sizeof(*e));
	const struct nlattr *a;
	int code;

	*ret_words = NULL;
	if (m->nlmsg_type == NLMSG_DONE) { /* of a dump; may carry the reason why it ended early */
		const void *payload = netlink_header(m, sizeof(code));
		if (!payload)
			return 0;
		memcpy(&code, payload, sizeof(code));
		return code < 0 ? code : 0;
	}
	if (!e)
		return -EBADMSG;
	if (e->error >= 0 || !(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error > 0 ? -EBADMSG : e->error;

	size_t offset = sizeof(*e);
	if (!(m->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN ||
		    e->msg.nlmsg_len > mnl_nlmsg_get_payload_len(m))
			return e->error;
		offset += mnl_nlmsg_get_payload_len(&e->msg);
	}
	if (offset > mnl_nlmsg_get_payload_len(m))
		return e->error;
	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, offset), netlink_end(m)))
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			*ret_words = mnl_attr_get_str(a);
	return e->error;
}
