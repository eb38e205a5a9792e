/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to GET /status; its members are those of net/status.h, see doc/bondd.md. */
#pragma once

struct err;
struct guest_status;

/* JSON, ended by a newline; the caller frees. What is unknown is null. NULL: an error. */
char *status_json(const struct guest_status *s, struct err *err);
