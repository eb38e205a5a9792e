/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of vim.h as bodies for POST and PUT to Neutron, Nova and Glance. */
#pragma once

#include <jansson.h>

struct err;
struct openstack;
struct vim_request;

/*
 * The object in the service's format, without the {"network": ...} around it. Names of other
 * resources are replaced by ids from os->resources; -ENOENT names the missing one. The caller owns
 * *ret.
 */
int body_make(struct openstack *os, const struct vim_request *request, json_t **ret,
	      struct err *err);

/*
 * The body of a PUT that updates an object to the request: only attributes that can change in
 * place.
 */
json_t *body_update(const struct vim_request *request);

/* Adds a server's user data, if there is any, to the body of a request. -E2BIG. */
int body_put_user_data(json_t *body, const struct vim_request *server, struct err *err);

/* A flavor's extra specs, with the mark that shows that they are complete. */
json_t *body_extra_specs(const struct vim_request *flavor);
