/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the eyes tell: a file that they write and everyone may read. So the status service has no
 * way to them, and they listen to nobody but the kernel and the wire.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;
struct eye;

#define REPORT_DIR  "/run/bondd"
#define REPORT_FILE "watch.json"

enum { REPORT_FRESH_MS = 5000 }; /* an older one is that of eyes that are shut */

/* JSON; now in us of CLOCK_MONOTONIC. The caller frees; NULL: an error. */
char *report_json(const struct eye *eyes, size_t n, const struct conf *conf, int64_t now,
		  struct err *err);

/* Into REPORT_DIR, which must be there. */
int report_write(const char *json, struct err *err);
