/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of the control socket. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct json_writer;

/* A file that goes with a request: its bytes in a sealed memfd. */
struct client_file {
	const char *name;
	const char *data;
	size_t len;
};

/* A connection; path NULL: $DNSVNF_MANAGER, else MANAGER_SOCKET. The caller closes it. */
int client_connect(const char *path, int *ret_fd, struct err *err);

/* Sends the request that w holds; w must be complete. files: up to REGISTRY_FILES. */
int client_send(int fd, struct json_writer *w, const struct client_file *files, size_t n,
		struct err *err);

/*
 * The next message: 1 and the object, of which the caller owns a reference; 0: the last message,
 * with what it has (*ret may be ignored); -errno: the manager refused it, or is gone.
 */
int client_receive(int fd, json_t **ret, struct err *err);

/* Sends and takes the only message. *ret_answer may be NULL. */
int client_ask(struct json_writer *w, const struct client_file *files, size_t n, json_t **ret,
	       struct err *err);
