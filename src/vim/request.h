/* SPDX-License-Identifier: Apache-2.0 */
/* A request as JSON: what its digest is taken of, and what the embedded VIM keeps of it. */
#pragma once

#include <jansson.h>

struct vim_request;

/*
 * Everything in the request but its name and owner: {"network": "orch", "type": "direct", ...}.
 * User data stand in it as their hash. The caller owns the reference.
 */
json_t *vim_request_json(const struct vim_request *request);
