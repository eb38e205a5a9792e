/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's report: a file that the monitor writes and everyone may read. So the status service
 * cannot reach the monitor, which listens to the kernel and the wire only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;
struct bond_monitor;

#define REPORT_DIR  "/run/bondd"
#define REPORT_FILE "watch.json"

enum { REPORT_FRESH_MS = 5000 }; /* if it is older, the monitor is not running */

/* JSON; now in us of CLOCK_MONOTONIC. The caller frees; NULL: an error. */
char *report_json(const struct bond_monitor *monitors, size_t n, const struct conf *conf,
		  int64_t now, struct err *err);

/* Into REPORT_DIR, which must be there. */
int report_write(const char *json, struct err *err);
