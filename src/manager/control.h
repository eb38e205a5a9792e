/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's protocol and clients. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "manager/events.h"

struct err;
struct json_reader;
struct json_writer;
struct managed;
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

/* request_reply.c */
void request_reply_failed(struct client *c, const struct err *err);

/* The reply is w, an open object. */
int request_reply(struct client *c, struct json_writer *w, struct err *err);

/* An object with that number; key NULL: without. */
int request_reply_number(struct client *c, const char *key, int64_t value, struct err *err);

/* Writes what waits for the disk; an error: nothing may be changed, since it could be lost. */
int request_check_store(struct manager *m, struct err *err);
int request_refuse(const struct manager *m, struct err *err); /* the error */

/* The end of a request that changed something: replies as above when that is on the disk. */
int request_acknowledge(struct client *c, const char *key, int64_t value, struct err *err);

/* The end of one that made d's present generation (copy_of: of that one; 0: a new one). */
int request_accepted(struct client *c, struct managed *d, int copy_of, bool deploy,
		     struct err *err);

/* accept.c: `dnsvnf manage`. */
int request_accept(struct client *c, struct json_reader *r, const int *fds, size_t n_fds,
		   struct err *err);

char *request_status_next(struct client *c); /* NULL: that was all */
char *request_failed(const struct err *err); /* the last message of a request that failed */
char *request_user(uid_t uid);
