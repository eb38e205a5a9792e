/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's report: a world-readable file. The status service reads it and has no channel to
 * the monitor, whose only inputs are the kernel and the network.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;
struct bond_monitor;
struct json_writer;
struct leg;
struct targets;
struct track_limits;

#define REPORT_DIR  "/run/bondd"
#define REPORT_FILE "watch.json"

enum { REPORT_FRESH_MS = 5000 }; /* if it is older, the monitor is not running */

/* JSON; now in us of CLOCK_MONOTONIC. The caller frees; NULL: an error. */
char *report_json(const struct bond_monitor *monitors, size_t n, const struct conf *conf,
		  int64_t now, struct err *err);

/* An object about the probes of a leg, into an open array. */
void report_put_leg(struct json_writer *w, const struct leg *l, const struct targets *targets,
		    const struct track_limits *limits, int64_t now);

/* Whether a report was written within REPORT_FRESH_MS; one below another root than "" always. */
bool report_is_fresh(const json_t *report, const char *root);

/* Writes it to REPORT_DIR, which must exist. */
int report_write(const char *json, struct err *err);
