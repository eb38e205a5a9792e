/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct guest_status;

/*
 * Adds to the bonds and legs of *s what the monitor's report below root says about them: nothing
 * when there is none, it is broken, or so old that its writer must have ended (of this machine,
 * root
 * "").
 */
void report_read(const char *root, struct guest_status *s);
