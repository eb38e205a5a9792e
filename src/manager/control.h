/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's protocol and clients. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "manager/events.h"

struct err;
struct manager;

enum {
	CONTROL_MESSAGE_MAX = 64 << 10, /* bytes, in both directions */
	CONTROL_FDS = 72,               /* descriptors of a message: the files of a generation */
};

enum client_sends {
	CLIENT_NOTHING, /* waits for a request */
	CLIENT_REPLY,
	CLIENT_EVENTS, /* from the log, then done unless follow */
	CLIENT_STATUS, /* deployments and VMs, then done */
};

struct client {
	struct manager *manager;
	int fd;
	sd_event_source *source;
	char *by;     /* the user's name, or "uid N" */
	char *unsent; /* it had no room for it */
	enum client_sends sends;
	char *reply;
	struct events_cursor cursor;
	bool follow;
	size_t next; /* of CLIENT_STATUS */
};

/* request.c: carries it out, and sets what is sent. fds stay the caller's. */
void request_take(struct client *c, const char *text, size_t len, const int *fds, size_t n_fds);

char *request_status_next(struct client *c); /* NULL: that was all */
char *request_failed(const struct err *err); /* the last message of a request that failed */
char *request_user(uid_t uid);
