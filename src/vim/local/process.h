/* SPDX-License-Identifier: Apache-2.0 */
/* Runs programs and collects their output; handles processes that outlive dnsvnf. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Identifies a process even if its pid is reused. */
struct process {
	pid_t pid;          /* 0: none */
	uint64_t starttime; /* clock ticks after boot, field 22 of proc(5)'s stat */
};

/*
 * Runs argv[0] (found by PATH) until it exits, with empty input and process_environment(), for at
 * most timeout_ms.
 * *ret_output (may be NULL): its stdout and stderr, at most 256 KiB. Returns its exit status, 128 +
 * the signal that ended it, -ENOENT if the program is not installed, -ETIME if it was killed after
 * the timeout, or another -errno.
 */
int process_run(const char *const *argv, int timeout_ms, char **ret_output, struct err *err);

/* For execve: PATH and LC_ALL only, as ours may have credentials (OS_PASSWORD). */
char *const *process_environment(void);

/* Fills *ret for that pid; -ESRCH if it does not exist or is a zombie, another code if that cannot
 * be told. */
int process_look(pid_t pid, struct process *ret);

/* 0: it runs; else as process_look. */
int process_check(const struct process *p);
bool process_alive(const struct process *p);

/* How long it has been running, in s; -1: unknown. */
int64_t process_uptime(const struct process *p);

/* Waits until p has exited: 0, or -ETIME. */
int process_wait(const struct process *p, int timeout_ms);

/*
 * Ends p: SIGTERM, and SIGKILL after grace_ms. Returns when it has exited; it is not an error if it
 * had exited before.
 */
int process_end(const struct process *p, int grace_ms, struct err *err);
