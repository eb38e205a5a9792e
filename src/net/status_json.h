/* SPDX-License-Identifier: Apache-2.0 */
/* The report of net/status.h as JSON: the answer to GET /status (doc/bondd.md). */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct err;
struct guest_leg_watch;
struct guest_status;
struct guest_watch;

/* With a final newline; unknown values are null. The caller frees. NULL: an error. */
char *guest_status_json(const struct guest_status *s, struct err *err);

/* Parses it, from a guest that may be anything. -EPROTO if it has another format. */
int guest_status_parse(const char *json, size_t len, struct guest_status *ret_status,
		       struct err *err);

/* The member "watch" of a bond or a leg, which the monitor's own report has, too. NULL if it is
 * missing. The caller frees it. */
struct guest_watch *guest_watch_parse(const json_t *bond);
struct guest_leg_watch *guest_leg_watch_parse(const json_t *leg);
