/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with one cloud: the token, the catalog, and calls of its services that are repeated
 * where that is safe. Rules: Keystone API v3, the API guidelines of OpenStack on 429 and 503, and
 * https://docs.openstack.org/api-guide/compute/microversions.html.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "vim/openstack/http.h"

struct cloud;
struct session;

enum service { SERVICE_IDENTITY, SERVICE_IMAGE, SERVICE_NETWORK, SERVICE_COMPUTE };
enum { SERVICES = SERVICE_COMPUTE + 1 };

/* One request to a service, with what came of it. */
struct call {
	enum service service;
	const char *method; /* static */
	char *path;         /* "/ports/ID?fields=id", below the service's version; owned */
	json_t *body;       /* owned, or NULL */
	const struct http_upload *upload; /* or NULL */
	bool repeatable;                  /* may be sent again when its outcome is unknown; set for
					     GET, PUT and DELETE */

	/* Filled when it is done: */
	long status;
	json_t *answer; /* NULL: none, or no JSON; owned */
	char *message;  /* of a refusal, the service's own words; or NULL */
	char *subject_token;
	int result;     /* 0, or -errno with err */
	struct err err; /* "Neutron: POST /v2.0/ports: 409: MESSAGE (req-...)" */
	bool lost;      /* its outcome is unknown: probe before it is repeated */

	void (*done)(struct call *call, void *data);
	void *data;

	/* The session's own: */
	struct session *session;
	unsigned tries, generation, nova_minor;
	bool renewed;
	enum { PURPOSE_ANY, PURPOSE_LOGIN, PURPOSE_VERSION } purpose;
	char *url, *text;
};

/* path is taken over, body too (may be NULL). */
struct call *call_new(enum service service, const char *method, char *path, json_t *body);
void call_free(struct call *call); /* NULL is fine */

/*
 * cloud and run (events, interrupt; may be NULL) are borrowed. project (may be NULL) is used
 * instead of the cloud's own; its domain stays. Nothing is sent before the first call.
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
 * region. NULL: not told. */
const char *session_region(const struct session *s);
const char *session_user_id(const struct session *s);
const char *session_user_name(const struct session *s); /* NULL: not told */
bool session_has_role(const struct session *s, const char *role);
size_t session_role_ids(const struct session *s, const char *const **ret_ids); /* borrowed */

/* The microversion that requests to Nova carry, as its minor number: 90 for "2.90". */
unsigned session_nova_minor(const struct session *s);

/*
 * Sends the call; done is called from session_run and owns the call from then on. Repeated are: 429
 * and 503, waiting as Retry-After says; 401 once, with a new token, for which all calls wait; and
 * when repeatable: 5xx and connections that broke. Five tries at the most. Needs session_login.
 */
void session_start(struct session *s, struct call *call);
void session_after(struct session *s, double delay_ms, void (*fn)(void *data), void *data);
void session_run(struct session *s);

/* From now on interrupts are ignored: for what must be done whatever happens. */
void session_uninterruptible(struct session *s);

/* n calls side by side, waited for. Returns the first failure; the calls keep what came. */
int session_calls(struct session *s, struct call **calls, size_t n, struct err *err);

/* One call, waited for: *ret (may be NULL) is the answer. path is taken over, body too. */
int session_call(struct session *s, enum service service, const char *method, char *path,
		 json_t *body, json_t **ret, struct err *err);

/* The message in an error's body, whichever service wrote it, or NULL. The caller frees. */
char *session_error_message(const char *body, size_t len);
