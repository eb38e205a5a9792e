/* SPDX-License-Identifier: Apache-2.0 */
/* The result of drills as text, JSON and CSV. */
#pragma once

#include "deploy/drill.h"
#include "deploy/outage.h"

struct json_writer;

/* "fail: the outage of 80 ms is longer than 50 ms"; the caller frees. */
char *drill_verdict_text(const struct drill_result *result, unsigned max_outage_ms);

/* How the active leg is known; the caller frees. */
char *drill_source_text(const struct drill_result *result);

/* The message of bondd in the guest about the failure; the caller frees. */
char *drill_bondd_text(const struct drill_result *result);

void drill_print(const struct drill_result *result, unsigned max_outage_ms);
void drill_print_summary(const struct outage_summary *summary);

/* An object: doc/schema/drill.json. */
void drill_put(struct json_writer *w, const struct drill_result *result, unsigned max_outage_ms);
void drill_put_summary(struct json_writer *w, const struct drill_result *first,
		       const struct outage_summary *summary);

/* "run,probe,sent_ms,latency_ms": no latency: lost. The caller frees. */
char *drill_csv(const struct drill_result *runs, size_t n);
