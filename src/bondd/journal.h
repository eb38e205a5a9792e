/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the journal on stderr, and to systemd on its notification socket (sd_notify(3)). */
#pragma once

#include <stdint.h>

enum journal_level {
	JOURNAL_ERROR = 3, /* of syslog(3) */
	JOURNAL_WARNING = 4,
	JOURNAL_NOTICE = 5,
	JOURNAL_INFO = 6,
};

/* Writes one line. */
void journal_say(enum journal_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends "READY=1" or similar; does nothing without systemd. */
void systemd_notify(const char *state);

/* The interval at which systemd expects "WATCHDOG=1", in us; 0: not at all. */
int64_t systemd_watchdog(void);
