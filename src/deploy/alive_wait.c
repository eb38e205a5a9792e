// SPDX-License-Identifier: Apache-2.0
#include "deploy/alive_wait.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/plan.h"

#define CONSOLE_LINES 12 /* when to report that nothing was received */

void wait_report(const struct wait *w, const char *type, enum event_status status,
		 const char *details)
{
	event_report(w->vim->run, &(struct event){
					  .type = type,
					  .status = status,
					  .tenant = w->vim->tenant,
					  .deployment = w->vim->deployment,
					  .vm_group = w->server->group->name,
					  .object = w->server->name,
					  .details = details,
					  .done = (uint64_t)(clock_ms_since(w->start) / 1e3),
					  .total = (uint64_t)w->limit,
					  .unit = "s",
				  });
}

/* The last lines of the console, for the error message. */
static char *console_tail(const struct wait *w)
{
	char *text = NULL;

	if (w->vim->ops->console(w->vim, w->server->name, &text, NULL) < 0)
		return xstrdup("");
	char *tail = text + strlen(text);
	for (int lines = 0; tail > text; tail--)
		if (tail[-1] == '\n' && tail[0] && ++lines == CONSOLE_LINES)
			break;
	char *ret = *tail ? xasprintf("; its console ended with:\n%s", tail) : xstrdup("");
	free(text);
	return ret;
}

int wait_check_state(const struct wait *w, const struct vim_server_info *info, const char *type,
		     const char *waiting_for, struct err *err)
{
	if (run_interrupted(w->vim->run))
		return err_set(err, INTERRUPTED, "interrupted while waiting for %s", waiting_for);
	if (info->state == VIM_STATE_ERROR || info->state == VIM_STATE_DOWN ||
	    info->state == VIM_STATE_DELETING)
		return err_set_kind(
			err, info->fault_class != VIM_FAULT_OTHER ? ERR_NO_CAPACITY : ERR_FAILED, 0,
			"server \"%s\" is %s while waiting for %s: %s", w->server->name,
			info->status ? info->status : "missing", waiting_for,
			info->fault ? info->fault : "no reason given");
	if (clock_now() - w->start > w->limit * US_PER_S) {
		cleanup_free char *tail = console_tail(w);
		return err_code(err, FAILED, ETIMEDOUT,
				"server \"%s\": timed out waiting for %s (%lld s%s)%s",
				w->server->name, waiting_for, (long long)w->limit,
				w->server->group->bootup_time < 0 ? "" : " (bootup_time)", tail);
	}
	if (w->shows)
		wait_report(w, type, EVENT_PROGRESS, waiting_for);
	return 0;
}

int wait_check(const struct wait *w, const char *type, const char *waiting_for, struct err *err)
{
	cleanup_server_info struct vim_server_info info = {.state = VIM_STATE_ACTIVE};
	int r = 0;

	if (w->has_turn && !run_interrupted(w->vim->run))
		r = w->vim->ops->server(w->vim, w->server->name, VIM_LOOK_STATE, &info, err);
	return r < 0 ? err_wrap(err, "server %s", w->server->name)
		     : wait_check_state(w, &info, type, waiting_for, err);
}
