/* SPDX-License-Identifier: Apache-2.0 */
/* What dnsvnf asks of Neutron, Nova and Glance: a request of vim.h as the body of a POST. */
#pragma once

#include <jansson.h>

struct err;
struct openstack;
struct vim_request;

/*
 * The object as the service wants it, without the {"network": ...} around it. Names of what it
 * needs become ids by os->resources; -ENOENT names the one that is not there. The caller owns
 * *ret.
 */
int body_make(struct openstack *os, const struct vim_request *request, json_t **ret,
	      struct err *err);

/* Of a PUT that brings an object to what the request says: only what can change in place. */
json_t *body_update(const struct vim_request *request);

/* Adds a server's user data, if there is any, to the body of a request. -E2BIG. */
int body_put_user_data(json_t *body, const struct vim_request *server, struct err *err);

/* A flavor's extra specs, with the mark that says that they are all there. */
json_t *body_extra_specs(const struct vim_request *flavor);
