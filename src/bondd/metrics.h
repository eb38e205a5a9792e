/* SPDX-License-Identifier: Apache-2.0 */
/* The status for Prometheus (text format 0.0.4). */
#pragma once

struct guest_status;

/* The caller frees. */
char *status_metrics(const struct guest_status *s);
