/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink sockets (rtnetlink, nfnetlink) and helpers common to all messages. Messages from other
 * senders than the kernel are ignored.
 */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "base/alloc.h"

struct err;
struct netlink;

/* Callback for answers and notifications. */
typedef void netlink_take(void *data, const struct nlmsghdr *m);

/* protocol: NETLINK_ROUTE, NETLINK_NETFILTER. The caller closes. */
int netlink_open(int protocol, struct netlink **ret_nl, struct err *err);

/*
 * The same on an existing socket(AF_NETLINK, SOCK_RAW, protocol), such as one in another namespace;
 * takes ownership.
 */
int netlink_open_fd(int fd, struct netlink **ret_nl, struct err *err);

int netlink_fd(const struct netlink *nl);

/*
 * Sends one request and reads its answers up to the acknowledgement (NLM_F_ACK) or the end of the
 * dump; take may be NULL. A refusal has the kernel's message (extack). -EINTR, without an error
 * text: a change made the dump inconsistent.
 */
int netlink_request(struct netlink *nl, struct nlmsghdr *m, netlink_take *take, void *data,
		    struct err *err);

/*
 * A dump, repeated while changes make it inconsistent; each try starts with begin, which may be
 * NULL.
 */
int netlink_dump(struct netlink *nl, struct nlmsghdr *m, void (*begin)(void *data),
		 netlink_take *take, void *data, struct err *err);

/* Sends a batch (nfnetlink) and waits until n of its messages are acknowledged or one is
 * refused. */
int netlink_batch(struct netlink *nl, const void *batch, size_t len, unsigned n, struct err *err);

/* Subscribes to the n groups, for netlink_hear; the socket is then used for notifications only. */
int netlink_subscribe(struct netlink *nl, const int *groups, size_t n, struct err *err);

/*
 * Reads all pending notifications without waiting. *ret_lost: the kernel dropped some (ENOBUFS), so
 * everything must be dumped again.
 */
int netlink_hear(struct netlink *nl, netlink_take *take, void *data, bool *ret_lost,
		 struct err *err);

/* Takes NULL. */
void netlink_close(struct netlink *nl);
DEFINE_CLEANUP(struct netlink *, cleanup_netlink_fn, netlink_close)
#define cleanup_netlink cleanup(cleanup_netlink_fn)

/* Starts a message (NLM_F_REQUEST and flags) with a zeroed family header of that size. */
struct nlmsghdr *netlink_put(void *buf, unsigned type, unsigned flags, size_t header_size);

/*
 * Whether the first message in len bytes is complete; mnl_nlmsg_next gives the next one.
 * (mnl_nlmsg_ok of libmnl before 1.0.5 treats a length above INT_MAX as negative.)
 */
bool netlink_ok(const struct nlmsghdr *m, int len);

/* The family's header, or NULL if the message is too short. */
const void *netlink_header(const struct nlmsghdr *m, size_t size);

/* The end of m; mnl_nlmsg_get_payload_tail rounds up beyond it. */
const void *netlink_end(const struct nlmsghdr *m);

/* -errno (or 0) of NLMSG_ERROR or NLMSG_DONE, with the kernel's message if there is one. */
int netlink_read_error(const struct nlmsghdr *m, const char **ret_words);

/* for (each_attr(a, first, tail)): the complete attributes from first up to tail. */
#define each_attr(a, first, tail)                                          \
	(a) = (first);                                                     \
	mnl_attr_ok((a), (int)((const char *)(tail) - (const char *)(a))); \
	(a) = mnl_attr_next(a)

/* for (each_nested(a, nest)) */
#define each_nested(a, nest)                     \
	each_attr(a, mnl_attr_get_payload(nest), \
		  (const char *)mnl_attr_get_payload(nest) + mnl_attr_get_payload_len(nest))
