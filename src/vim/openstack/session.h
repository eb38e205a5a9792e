/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with one cloud: the token, the catalog, and calls of its services, repeated where that
 * is safe. Rules: Keystone API v3, the API guidelines of OpenStack on 429 and 503, and
 * https://docs.openstack.org/api-guide/compute/microversions.html.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "vim/openstack/clouds.h"
#include "vim/openstack/http.h"

struct session;

/* One request to a service, with its result. */
struct call {
	enum service service;
	const char *method; /* static */
	char *path;         /* "/ports/ID?fields=id", below the service's version; owned */
	json_t *body;       /* owned, or NULL */
	const struct http_upload *upload; /* or NULL */
	unsigned nova_most; /* minor number of the highest microversion to send; 0: the session's */
	bool repeatable;    /* may be sent again when its outcome is unknown; set for
			       GET, PUT and DELETE */

	/* Set when it is done: */
	long status;
	json_t *answer; /* NULL: none, or no JSON; owned */
	size_t len;     /* bytes of the answer */
	char *message;  /* the service's message of a refusal, or NULL */
	char *subject_token;
	char *request_id; /* or NULL: see call_request_id */
	int result;       /* 0, or -errno with err */
	struct err err;   /* "Neutron: POST /v2.0/ports: 409: MESSAGE (req-...)" */
	bool lost;        /* its outcome is unknown: probe before it is repeated */

	void (*done)(struct call *call, void *data);
	void *data;

	/* Private to the session: */
	struct session *session;
	unsigned tries, generation, nova_minor;
	double start_ms; /* of the first try */
	bool renewed;
	enum { PURPOSE_ANY, PURPOSE_LOGIN, PURPOSE_VERSION } purpose;
	char *url, *text;
};

/* Takes ownership of path and body (may be NULL). */
struct call *call_new(enum service service, const char *method, char *path, json_t *body);
void call_free(struct call *call); /* NULL is fine */

/* "req-..." of the answer, or "no request id", to look for in the service's log. */
const char *call_request_id(const struct call *call);

/* Sets err: the answer cannot be used. "Neutron: GET /v2.0/ports: REASON (req-...)". Returns
 * -EPROTO. */
int call_misread(const struct call *call, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * cloud and run (events, interrupt; may be NULL) are borrowed. project (may be NULL) replaces the
 * cloud's project, in the same domain. Nothing is sent before the first call.
 */
struct session *session_new(const struct cloud *cloud, const char *project,
			    const struct run_ctx *run);
void session_free(struct session *s); /* NULL is fine; forgets the token */

/*
 * Gets a token and the catalog; a second call does nothing. -EACCES: the credentials were refused
 * (*ret_no_project, may be NULL: perhaps because there is no such project, or no role in it).
 */
int session_login(struct session *s, bool *ret_no_project, struct err *err);

const char *session_project_id(const struct session *s);
const char *session_project_name(const struct session *s);
const char *session_project_domain_id(const struct session *s); /* "default" when not given */
/* The configured one, else that of the catalog's first endpoint for compute: a session stays in one
 * region. NULL: unknown. */
const char *session_region(const struct session *s);
const char *session_user_id(const struct session *s);
const char *session_user_name(const struct session *s); /* NULL: unknown */
bool session_has_role(const struct session *s, const char *role);
size_t session_role_ids(const struct session *s, const char *const **ret_ids); /* borrowed */

/* The minor number of the microversion sent to Nova: 90 for "2.90". */
unsigned session_nova_minor(const struct session *s);

/*
 * Sends the call; done is called from session_run and then owns the call. Repeated are 429 and 503,
 * after Retry-After; 401 once, with a new token, for which all calls wait; if repeatable, also 5xx
 * and broken connections. At most five tries, and none after HTTP_DEADLINE timeouts. A token that
 * Keystone sent over https is not sent over http, unless DNSVNF_INSECURE_TRANSPORT is 1. Needs
 * session_login.
 */
void session_start(struct session *s, struct call *call);
void session_after(struct session *s, double delay_ms, void (*fn)(void *data), void *data);
void session_run(struct session *s);

/* Ignores interrupts from now on: for cleanup that must complete. */
void session_uninterruptible(struct session *s);

/*
 * Runs n calls concurrently until all are done. Returns the first failure; the calls keep their
 * results.
 */
int session_calls(struct session *s, struct call **calls, size_t n, struct err *err);

/*
 * Runs one call until it is done: *ret (may be NULL) is the answer. Takes ownership of path and
 * body.
 */
int session_call(struct session *s, enum service service, const char *method, char *path,
		 json_t *body, json_t **ret, struct err *err);

/* The message in an error's body, for all services' formats, or NULL. The caller frees. */
char *session_error_message(const char *body, size_t len);
