/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests side by side over kept connections (libcurl multi). One request is one try; what a
 * failed one means is the caller's to decide.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cloud;
struct http;
struct run_ctx;

enum { HTTP_MAX_ANSWER = 32 << 20 }; /* bytes of a body; a longer one is an error */

/* A file that is sent as the body. */
struct http_upload {
	int fd; /* borrowed, read from its offset 0 */
	uint64_t size;
	void (*sent)(void *data, const void *bytes, size_t n, uint64_t so_far); /* or NULL */
	void *data;
};

struct http_request {
	const char *method; /* static */
	const char *url;
	struct curl_slist *headers;       /* taken over */
	const char *body;                 /* or NULL; must live until the answer */
	const struct http_upload *upload; /* or NULL; as body */
	/* Must not be sent twice: on a new connection, since libcurl repeats by itself what it sent
	 * on an old one that turns out to be dead. */
	bool once;
};

struct http_answer {
	long status;      /* 0: none came, see err */
	const char *body; /* terminated; never NULL */
	size_t len;
	const char *request_id;    /* x-openstack-request-id and its like, or NULL */
	const char *subject_token; /* of Keystone, or NULL */
	double retry_after;        /* s; -1: not said */
	struct err err;            /* of the transport: what curl said, as -errno */
	bool reached;        /* of a failure: a part of the request may have reached the server */
	double start_ms, ms; /* from http_new; how long it took */
};

typedef void http_done_fn(void *data, const struct http_answer *answer);

/*
 * TLS as the cloud says (verify, cacert, cert, key). A request is given up when it took
 * DNSVNF_HTTP_TIMEOUT seconds (default 60) without a byte moving. cloud and run are borrowed.
 */
struct http *http_new(const struct cloud *cloud, const struct run_ctx *run);
void http_free(struct http *http); /* NULL is fine; done is not called for what is under way */

/* Sends; done is called from http_run. */
void http_start(struct http *http, const struct http_request *request, http_done_fn *done,
		void *data);

/* Calls fn from http_run in delay_ms. */
void http_after(struct http *http, double delay_ms, void (*fn)(void *data), void *data);

/*
 * Works until no request and no timer is left. When the user interrupts, requests under way have
 * five seconds to end, so that what they made is known.
 */
void http_run(struct http *http);

bool http_interrupted(const struct http *http);
void http_uninterruptible(struct http *http); /* from now on http_interrupted is false */

double http_elapsed(const struct http *http); /* ms since http_new */
