/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the journal on stderr, and for systemd on its notification socket (sd_notify(3)). */
#pragma once

#include <stdint.h>

enum journal_level {
	JOURNAL_ERROR = 3, /* of syslog(3) */
	JOURNAL_WARNING = 4,
	JOURNAL_NOTICE = 5,
	JOURNAL_INFO = 6,
};

/* One line. */
void journal_say(enum journal_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "READY=1" and the like; nothing where there is no systemd. */
void systemd_notify(const char *state);

/* How often systemd wants "WATCHDOG=1" of this process, in us; 0: it does not. */
int64_t systemd_watchdog(void);
