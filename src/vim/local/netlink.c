// SPDX-License-Identifier: Apache-2.0
#include "vim/local/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/err.h"
#include "vim/local/netns.h"

int netlink_open(int ns, int protocol, struct mnl_socket **ret, struct err *err)
{
	int on = 1;
	int fd = netns_socket(ns, AF_NETLINK, SOCK_RAW, protocol, err);

	if (fd < 0)
		return fd;

	struct mnl_socket *nl = mnl_socket_fdopen(fd);

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = err_errno(err, errno, "cannot use netlink");

		if (nl)
			mnl_socket_close(nl);
		else
			close(fd);
		return r;
	}
	/* Without it (Linux < 4.12) refusals have a number only. */
	(void)mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &on, sizeof(on));
	*ret = nl;
	return 0;
}

bool netlink_attr_ok(const struct nlattr *a, const void *tail)
{
	return mnl_attr_ok(a, (int)((const char *)tail - (const char *)a));
}

/* What the kernel says about its refusal beyond the number, or NULL. */
static const char *refusal_text(const struct nlmsghdr *reply)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(reply);
	const void *tail = mnl_nlmsg_get_payload_tail(reply);
	size_t offset = sizeof(*e);
	const struct nlattr *a;

	if (!(reply->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(reply->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&e->msg);
	if (offset > mnl_nlmsg_get_payload_len(reply))
		return NULL;
	for (a = mnl_nlmsg_get_payload_offset(reply, offset); netlink_attr_ok(a, tail);
	     a = mnl_attr_next(a))
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	return NULL;
}

int netlink_refusal(const struct nlmsghdr *reply, struct err *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(reply);

	if (mnl_nlmsg_get_payload_len(reply) < sizeof(*e))
		return err_code(err, LOCAL, EBADMSG, "a short answer from netlink");
	if (e->error == 0)
		return 0;

	const char *text = refusal_text(reply);

	return netns_err(err, e->error, text ? "the kernel refused (%s)" : "the kernel refused",
			 text);
}
