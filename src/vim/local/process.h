/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: run to their end with what they print, and processes that outlive dnsvnf. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* A process that cannot be mistaken for a later one of the same pid. */
struct process {
	pid_t pid;          /* 0: none */
	uint64_t starttime; /* clock ticks after boot, field 22 of proc(5)'s stat */
};

/*
 * Runs argv[0] (found by PATH) to its end, input empty, for at most timeout_ms. *ret_output (may be
 * NULL) gets what it printed on stdout and stderr, at most 256 KiB of it. Returns its exit status,
 * 128 + the signal that ended it, -ENOENT when the program is not installed, -ETIME when it was
 * killed for taking too long, or another -errno.
 */
int process_run(const char *const *argv, int timeout_ms, char **ret_output, struct err *err);

/* Fills *ret for that pid; -ESRCH when there is none, or only a zombie. */
int process_look(pid_t pid, struct process *ret);

bool process_alive(const struct process *p);

/* How long it has been running, in s; -1: not known. */
int64_t process_uptime(const struct process *p);

/* Waits until p is gone: 0, or -ETIME. */
int process_wait(const struct process *p, int timeout_ms);

/*
 * Ends p: SIGTERM, and SIGKILL when it is still there after grace_ms. Returns when it is gone; one
 * that is gone already is no error.
 */
int process_end(const struct process *p, int grace_ms, struct err *err);
