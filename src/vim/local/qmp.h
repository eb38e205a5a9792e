/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QMP, the JSON protocol of a running QEMU
 * (https://www.qemu.org/docs/master/interop/qmp-spec.html). A monitor serves one client at a time:
 * connect, query, close.
 */
#pragma once

#include <jansson.h>

#include "base/alloc.h"

struct err;
struct qmp;

/*
 * Connects to the monitor socket `name` in folder dirfd and negotiates, within timeout_ms.
 * -ECONNREFUSED or -ENOENT: no listener (yet). Every command has the same time limit.
 */
int qmp_open(int dirfd, const char *name, int timeout_ms, struct qmp **ret, struct err *err);

/* For tests: on a connected stream socket, whose ownership is taken. */
int qmp_open_fd(int fd, int timeout_ms, struct qmp **ret, struct err *err);

void qmp_close(struct qmp *qmp); /* takes NULL */

/*
 * One command; takes ownership of arguments (may be NULL). *ret (may be NULL): the value of
 * "return"; the caller owns the reference. -EREMOTEIO: QEMU refused, with its message; -ECONNRESET:
 * QEMU closed the connection.
 */
int qmp_command(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret,
		struct err *err);

DEFINE_CLEANUP(struct qmp *, cleanup_qmp_fn, qmp_close)
#define cleanup_qmp cleanup(cleanup_qmp_fn)
