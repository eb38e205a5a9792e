// SPDX-License-Identifier: Apache-2.0
#include "bondd/journal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

void journal_say(enum journal_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	/* Prefixes the level for the journal, not on a terminal. */
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", (int)level, text);
	else
		fprintf(stderr, "bondd: %s\n", text);
}

/* As sd_notify of libsystemd, without loading its libraries for compression and cryptography. */
void systemd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;

	if (len == 0 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@') /* abstract socket namespace */
		to.sun_path[0] = 0;

	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
			      (const struct sockaddr *)&to,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

int64_t systemd_watchdog(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t n;

	if (!us || str_to_int(us, 1, INT64_MAX, &n) < 0)
		return 0;
	int64_t whose;
	if (pid && (str_to_int(pid, 1, INT32_MAX, &whose) < 0 || whose != getpid()))
		return 0;
	return n;
}
