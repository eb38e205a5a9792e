/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's report: a world-readable file. The status service reads it and has no channel to
 * the monitor, whose only inputs are the kernel and the network.
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

/* Writes it to REPORT_DIR, which must exist. */
int report_write(const char *json, struct err *err);
