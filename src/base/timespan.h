/* SPDX-License-Identifier: Apache-2.0 */
/* Time spans as systemd reads them (systemd.time(7)). */
#pragma once

/*
 * Converts "100ms", "1s", "1.5 s", "1min 30s" to milliseconds, rounded down. unit_ms is the unit of
 * a number without one, in ms: 1000 in systemd's files, 1 in netplan's delays. -EINVAL for other
 * text and for more than INT_MAX ms.
 */
int timespan_parse(const char *s, unsigned unit_ms, int *ret_ms);
