/* SPDX-License-Identifier: Apache-2.0 */
/* Request and answer of POST /v3/auth/tokens (Keystone API v3). No I/O. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct cloud;
struct err;
struct strv;

struct token {
	char *id; /* the secret; NULL: there is none */
	char *user_id, *user_name;
	char *project_id, *project_name; /* NULL: not scoped to a project */
	char *project_domain_id;
	char **roles;
	size_t n_roles;
	char **role_ids;
	size_t n_role_ids;
	json_t *catalog;
};

/* The request's body; project (may be NULL) is used instead of the cloud's. */
json_t *token_request(const struct cloud *cloud, const char *project);

/* Parses the answer; id is the header x-subject-token. -EPROTO if it is not a token. */
int token_parse(const json_t *answer, const char *id, struct token *ret, struct err *err);

/* What to look for in the catalog. */
struct endpoint_query {
	const char *type;              /* "network" */
	const char *name;              /* of the service; NULL: any */
	const char *region;            /* NULL: any */
	const struct strv *interfaces; /* in order of preference */
};

/* URL and region of the first endpoint that matches, or NULL. Borrowed. */
const char *token_endpoint(const struct token *token, const struct endpoint_query *query);
const char *token_region(const struct token *token, const struct endpoint_query *query);

void token_clear(struct token *token); /* overwrites the secret */
