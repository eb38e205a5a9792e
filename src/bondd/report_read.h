/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct guest_status;

/*
 * Adds the monitor's report below root to the bonds and legs of *s. Adds nothing if there is no
 * report, it is malformed, or, on this machine (root ""), older than REPORT_FRESH_MS.
 */
void report_read(const char *root, struct guest_status *s);
