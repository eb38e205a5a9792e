// SPDX-License-Identifier: Apache-2.0
#include "base/event.h"

#include <stdarg.h>

#include "base/alloc.h"

bool run_interrupted(const struct run_ctx *run)
{
	return run && run->interrupted && *run->interrupted;
}

void event_report(const struct run_ctx *run, const struct event *event)
{
	if (run && run->report)
		run->report(run->data, event);
}

void event_note(const struct run_ctx *run, const char *type, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *details = xvasprintf(fmt, ap);
	va_end(ap);
	event_report(run, &(struct event){.type = type, .status = EVENT_NOTE, .details = details});
}

const char *event_status_name(enum event_status status)
{
	static const char *const names[] = {
		[EVENT_STARTED] = "STARTED", [EVENT_PROGRESS] = "PROGRESS",
		[EVENT_SUCCESS] = "SUCCESS", [EVENT_FAILURE] = "FAILURE",
		[EVENT_NOTE] = "NOTE",
	};

	return names[status];
}
