// SPDX-License-Identifier: Apache-2.0
/* Waiting for day-0: it may set the bond down and up while it runs. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/alive_wait.h"
#include "deploy/guest.h"
#include "deploy/plan.h"
#include "deploy/reach.h"
#include "model/service.h"

#define STATUS_GRACE_MS 60000 /* after the first DNS answer: for bondd to start, or the console */
#define STATUS_MS       1000  /* for an answer of bondd */

/* WAIT_ON; 0: timed out, which verify reports; or -errno. runs: it is known to run. */
static int wait_on(const struct wait *w, bool runs, struct err *err)
{
	cleanup_err struct err late = ERR_INIT;
	int r = wait_check(w, "DAY0_DONE", "cloud-init to finish", &late);

	if (r == -ETIMEDOUT) {
		event_note(w->vim->run, "DAY0_DONE",
			   runs ? "cloud-init is still running"
				: "unknown: the guest does not report on cloud-init");
		return 0;
	}
	return r < 0 ? err_copy(err, &late) : WAIT_ON;
}

/* By cloud-init's lines on the console, if there are any, as long as something is written there. */
int wait_console(struct wait *w, struct err *err)
{
	cleanup_free char *text = NULL;

	if (!w->by_console)
		return 0;
	if (!w->has_turn)
		return WAIT_ON;
	if (w->vim->ops->console(w->vim, w->server->name, &text, NULL) < 0)
		return 0;
	enum tristate done = guest_console_day0(text);
	if (done == TRI_YES)
		wait_report(w, "DAY0_DONE", EVENT_SUCCESS, "cloud-init is done, by the console");
	if (done != TRI_NO)
		return 0;
	if (!streq(w->console, text)) {
		w->since = clock_now();
	} else if (clock_ms_since(w->since) > STATUS_GRACE_MS) {
		event_note(w->vim->run, "DAY0_DONE",
			   "cloud-init is still running, by the console, on which nothing was "
			   "written for %d s: not waiting any longer",
			   STATUS_GRACE_MS / 1000);
		return 0;
	}
	free(w->console);
	w->console = steal_ptr(text);
	return wait_on(w, true, err);
}

/* By bondd's status; of a guest that cannot be asked, by the console. */
int wait_day0(struct wait *w, struct err *err)
{
	const char *address = service_management_address(w->server->group, w->server->index);
	cleanup_free char *why = NULL;
	cleanup_guest_status struct guest_status status = {0};
	cleanup_err struct err ask = ERR_INIT;

	/* VM_ALIVE has already reported why it is unreachable. */
	w->by_console = w->begins &&
			(!service_has_bondd(w->plan->deployment, w->server->group) || !address ||
			 reach_of(w->vim, &w->seen, address, &why) == VIM_REACH_NO);
	if (w->by_console)
		return 0;
	if (w->begins)
		wait_report(w, "DAY0_DONE", EVENT_STARTED, "cloud-init to finish");
	if (!w->has_turn)
		return WAIT_ON;
	bool answers = guest_status(w->vim, address, GUEST_PORT, STATUS_MS, &status, &ask) == 0;
	const char *cloud_init = status.cloud_init.status;
	if (answers && !streq(cloud_init, "running") && !streq(cloud_init, "not started")) {
		bool good = status.cloud_init.errors.n == 0;
		wait_report(w, "DAY0_DONE", good ? EVENT_SUCCESS : EVENT_FAILURE,
			    !good        ? status.cloud_init.errors.v[0]
			    : cloud_init ? "cloud-init is done"
					 : "the guest has no cloud-init");
		return 0;
	}
	if (!answers && clock_ms_since(w->since) > STATUS_GRACE_MS) {
		event_note(w->vim->run, "DAY0_DONE",
			   "the guest's status service does not answer: %s", ask.text);
		w->by_console = true;
		return 0;
	}
	return wait_on(w, answers, err);
}
