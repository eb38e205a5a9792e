/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb of dnsvnf as a child process of the event loop. Its output is untrusted: lines and their
 * number are bounded, and it is ended (SIGTERM, then SIGKILL, with its process group) after its
 * time. It does not outlive the manager.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/str.h"

struct err;
struct job;

enum {
	JOB_ERRORS_MAX = 4096, /* the end of stderr that is kept */
	JOB_ARGUMENTS = 16,
	JOB_KILL_S = 20, /* from SIGTERM to SIGKILL: a deploy says what it leaves */
};

struct job_result {
	int exit_code;      /* of the program; -1: it did not end by itself */
	const char *why;    /* of -1: "took more than 60 s", "killed by signal 9" ... */
	const char *errors; /* the end of stderr */
};

struct job_handler {
	/* A line of stdout without its newline. */
	void (*line)(void *data, const char *line, size_t len);
	/* It has ended; the job is freed after the call. */
	void (*done)(void *data, const struct job_result *result);
	void *data;
};

/* Starts argv (NULL at the end; argv[0] by PATH). *ret_job is valid until done() was called. */
int job_start(sd_event *event, const char *const argv[], int64_t timeout_ms,
	      const struct job_handler *handler, struct job **ret_job, struct err *err);

/* Asks it to end; done() is called when it has, JOB_KILL_S later at the latest. */
void job_stop(struct job *job);

/* Kills it; done() is not called. Takes NULL. */
void job_cancel(struct job *job);
