/* SPDX-License-Identifier: Apache-2.0 */
/* A child process with a time limit, which does not outlive this process. */
#pragma once

#include <stddef.h>

struct err;

struct child {
	const char *name; /* of the program, for errors */
	/*
	 * Runs in the child, with empty input, and output and errors collected: execs, and returns
	 * only if it cannot, with -errno.
	 */
	int (*body)(const void *data);
	const void *data;
	int timeout_ms;    /* until it has exited and its output is closed */
	size_t output_max; /* bytes; output beyond is read and dropped */
};

/*
 * Runs the child until it exits. *ret_output is what it wrote (the caller frees), *ret_status is
 * that of wait(2). -ETIME: it and its process group were killed after the timeout; otherwise the
 * body's -errno (-ENOENT: not installed), or that of the failed call.
 */
int child_run(const struct child *c, char **ret_output, int *ret_status, struct err *err);

/*
 * In a child of child_run(): lets the kernel kill it when its parent exits. The kernel forgets that
 * when the child changes its user, so a body calls this after it.
 */
void child_dies_with_parent(void);
