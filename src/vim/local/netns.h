/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One network namespace per deployment, bound to /run/netns/NAME so that `ip netns exec NAME`
 * works. It contains all links of the local VIM, which are removed with it; nothing else on the
 * host changes. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 */
#pragma once

#include <stddef.h>

struct err;
struct netlink;

/*
 * "dnsvnf-TENANT-DEPLOYMENT". Unique per deployment: if the plain form is ambiguous, too long or
 * not a valid file name, "~" and 8 hex digits of a hash follow. The caller frees.
 */
char *netns_name(const char *tenant, const char *deployment);

/*
 * Creates the namespace, with `lo` up, forwarding off and IPv6 off on new links (link_addr_add
 * enables it for an IPv6 address), and returns a descriptor of it (close-on-exec). Opens an
 * existing one, and completes one that a killed run left incomplete.
 */
int netns_create(const char *name, int *ret_fd, struct err *err);

/* A descriptor of the namespace (close-on-exec); -ENOENT if it does not exist. */
int netns_open(const char *name, int *ret_fd, struct err *err);

/*
 * Ends all processes in the namespace (SIGTERM, after 3 s SIGKILL), waits until they have exited,
 * and removes the namespace. A missing namespace is not an error. -EBUSY if the caller runs in it.
 */
int netns_delete(const char *name, struct err *err);

/* Names below /run/netns that start with prefix, sorted; includes incomplete namespaces. */
int netns_list(const char *prefix, char ***ret_names, size_t *ret_n, struct err *err);
void netns_list_free(char **names, size_t n);

/*
 * Calls fn with the calling thread in the namespace and returns its result. Aborts the process if
 * the thread cannot return, since it would then act in the wrong network.
 */
int netns_run(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err);

/* Writes /proc/sys/net/PATH in the namespace; -ENOENT when this kernel has no such setting. */
int netns_sysctl(int ns, const char *path, const char *value, struct err *err);

/* socket(2) in the namespace, close-on-exec: the descriptor, or -errno. */
int netns_socket(int ns, int domain, int type, int protocol, struct err *err);

/* netlink_open in the namespace. */
int netns_netlink(int ns, int protocol, struct netlink **ret_nl, struct err *err);

/* Appends to a permission error how to get the privilege; returns code. */
int netns_hint(struct err *err, int code);

/* err_errno; for a permission error, it adds how to get the privilege. */
int netns_err(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
