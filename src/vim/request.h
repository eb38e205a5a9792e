/* SPDX-License-Identifier: Apache-2.0 */
/* A request as JSON: input of its digest, and the embedded VIM's record of it. */
#pragma once

#include <jansson.h>

struct vim_request;

/*
 * Everything in the request but its name and owner: {"network": "orch", "type": "direct", ...}.
 * User data are replaced by their hash. The caller owns the reference.
 */
json_t *vim_request_json(const struct vim_request *request);
