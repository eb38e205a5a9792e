/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Concurrent HTTP requests over persistent connections (libcurl multi). No retries: the caller
 * decides what a failure means.
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

enum {
	HTTP_MAX_ANSWER = 32 << 20, /* bytes of a body; a longer one is an error */
	HTTP_DEADLINE = 5,          /* timeouts that a request may take, unless it uploads */
};

/* A file sent as the body. */
struct http_upload {
	int fd; /* borrowed, read from its offset 0 */
	uint64_t size;
	void (*sent)(void *data, const void *bytes, size_t n, uint64_t so_far); /* or NULL */
	void *data;
};

struct http_request {
	const char *method; /* static */
	const char *url;
	struct curl_slist *headers;       /* ownership is taken */
	const char *body;                 /* or NULL; must live until the answer */
	const struct http_upload *upload; /* or NULL; as body */
	/*
	 * Must not be sent twice: use a new connection, since libcurl itself repeats requests sent
	 * on a reused connection that turns out to be dead.
	 */
	bool once;
};

/* Of an answer's headers, those that are used; owned. */
struct http_headers {
	char *request_id;    /* x-openstack-request-id or similar, or NULL */
	char *subject_token; /* of Keystone, or NULL */
	double retry_after;  /* s; -1: no such header */
};

/* Reads one line. */
void http_read_header(const char *line, size_t len, struct http_headers *headers);
void http_headers_clear(struct http_headers *headers); /* overwrites the token */

struct http_answer {
	long status;      /* 0: no answer, see err */
	const char *body; /* NUL-terminated; never NULL */
	size_t len;
	const char *request_id;    /* x-openstack-request-id or similar, or NULL */
	const char *subject_token; /* of Keystone, or NULL */
	double retry_after;        /* s; -1: no such header */
	struct err err;            /* of the transport: curl's error as -errno */
	bool reached;              /* on failure: part of the request may have reached the server */
	double start_ms, ms;       /* since http_new; duration */
};

typedef void http_done_fn(void *data, const struct http_answer *answer);

/*
 * TLS as configured for the cloud (verify, cacert, cert, key). A request fails after
 * DNSVNF_HTTP_TIMEOUT seconds (default 60) without transfer (an upload: below 1 kB/s), or after
 * http_deadline_ms in all. cloud and run are borrowed.
 */
struct http *http_new(const struct cloud *cloud, const struct run_ctx *run);
void http_free(struct http *http); /* takes NULL; done is not called for pending requests */

/* Sends; done is called from http_run. */
void http_start(struct http *http, const struct http_request *request, http_done_fn *done,
		void *data);

/* Calls fn from http_run in delay_ms. */
void http_after(struct http *http, double delay_ms, void (*fn)(void *data), void *data);

/*
 * Runs until no request and no timer is left. After an interrupt, pending requests have five
 * seconds to complete, so that their outcome is known.
 */
void http_run(struct http *http);

bool http_interrupted(const struct http *http);
void http_uninterruptible(struct http *http); /* from now on http_interrupted is false */

double http_deadline_ms(const struct http *http);
double http_elapsed(const struct http *http); /* ms since http_new */
