/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder that does not outlive this process, however it ends. */
#pragma once

#include <sys/types.h>

struct err;

struct scratch {
	char *path; /* NULL: none */
	int alive;  /* the keeper waits until no process has this open */
	pid_t keeper;
};

/*
 * Creates an empty folder with mode 0700 in TMPDIR or /tmp, and a process that removes it and all
 * in it as soon as this one calls scratch_remove() or ends, also by SIGKILL. On error *ret is
 * unchanged.
 */
int scratch_make(const char *prefix, struct scratch *ret, struct err *err);

/* Waits until it is gone. */
void scratch_remove(struct scratch *scratch);

#define cleanup_scratch __attribute__((__cleanup__(scratch_remove)))
