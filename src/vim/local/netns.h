/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One network namespace a deployment, bound to /run/netns/NAME so that `ip netns exec NAME` works.
 * Everything the local VIM makes of a network is inside it and goes with it; nothing else on the
 * host changes. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 */
#pragma once

#include <stddef.h>

struct err;
struct netlink;

/*
 * "dnsvnf-TENANT-DEPLOYMENT"; two deployments never share a name: where the plain form would be
 * ambiguous, too long or no file name, "~" and 8 hex digits of a hash follow. The caller frees.
 */
char *netns_name(const char *tenant, const char *deployment);

/*
 * Makes the namespace, `lo` up, forwarding off, IPv6 off on links made in it (link_addr_add turns
 * it on where an IPv6 address goes), and gives a descriptor of it (close-on-exec). One that exists
 * is opened; one that a killed run left half made is finished.
 */
int netns_create(const char *name, int *ret_fd, struct err *err);

/* A descriptor of the namespace (close-on-exec); -ENOENT when there is none. */
int netns_open(const char *name, int *ret_fd, struct err *err);

/*
 * Ends every process in the namespace (SIGTERM, 3 s, SIGKILL), waits until they are gone, removes
 * the namespace. None there is success. -EBUSY when the caller itself stands in it.
 */
int netns_delete(const char *name, struct err *err);

/* Names below /run/netns that start with prefix, sorted; the half made too. */
int netns_list(const char *prefix, char ***ret_names, size_t *ret_n, struct err *err);
void netns_list_free(char **names, size_t n);

/*
 * Calls fn with the calling thread in the namespace; returns what fn returns. A thread that cannot
 * go back would act in the wrong network from then on: that aborts the process.
 */
int netns_run(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err);

/* Writes /proc/sys/net/PATH in the namespace; -ENOENT when this kernel has no such setting. */
int netns_sysctl(int ns, const char *path, const char *value, struct err *err);

/* socket(2) in the namespace, close-on-exec: the descriptor, or -errno. */
int netns_socket(int ns, int domain, int type, int protocol, struct err *err);

/* netlink_open in the namespace. */
int netns_netlink(int ns, int protocol, struct netlink **ret_nl, struct err *err);

/* Adds to an error for want of a privilege how to get it; returns code. */
int netns_hint(struct err *err, int code);

/* err_errno that tells, where the kernel missed a privilege, how to get it. */
int netns_err(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
