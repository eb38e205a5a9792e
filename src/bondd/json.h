/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to GET /status; its members are those of net/status.h, see doc/bondd.md. */
#pragma once

struct err;
struct guest_status;

/* JSON with a final newline; the caller frees. Unknown values are null. NULL: an error. */
char *status_json(const struct guest_status *s, struct err *err);
