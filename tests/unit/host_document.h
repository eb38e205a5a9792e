/* SPDX-License-Identifier: Apache-2.0 */
/* A host as the whole JSON document; the caller frees it, NULL is an error. */
#pragma once

#include "base/json_write.h"
#include "host/host.h"

static inline char *host_json(const struct host *host)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	host_put(&w, host);
	json_close(&w);
	return json_write_text(&w, JSON_INDENT(1), NULL);
}
