// SPDX-License-Identifier: Apache-2.0
/* What Nova can change of a server, and actions that it carries out later. */

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

#define USER_DATA_MINOR 57 /* a rebuild takes user_data */
#define ATTACH_MINOR    88 /* of Wallaby: SR-IOV ports are attached since Victoria, which has 87 */
#define PAUSE_MS        500
#define FOLLOW_S        60
#define TASK_S          1800 /* a resize may copy the disk to another host */

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

unsigned openstack_changes(const struct openstack *os)
{
	unsigned minor = session_nova_minor(os->session);

	return VIM_CHANGE_DISK | VIM_CHANGE_IMAGE | VIM_CHANGE_FLAVOR |
	       (minor >= USER_DATA_MINOR ? VIM_CHANGE_USER_DATA : 0) |
	       (minor >= ATTACH_MINOR ? VIM_CHANGE_PORTS : 0);
}

int openstack_look(struct openstack *os, const char *id, json_t **ret, struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_COMPUTE, "GET", xasprintf("/servers/%s", id),
			     NULL, &answer, err);

	if (r < 0)
		return r;
	*ret = json_incref(json_object_get(answer, "server"));
	json_decref(answer);
	return *ret ? 0 : err_code(err, UNREACHABLE, EPROTO, "Nova's reply has no server %s", id);
}

/* Waits until Nova has no task for it and its status is no longer `left` (may be NULL). */
static int wait_for(struct openstack *os, const char *id, const char *left, int seconds,
		    json_t **ret, struct err *err)
{
	for (int64_t end = clock_deadline(seconds * INT64_C(1000));;) {
		json_t *server = NULL;
		int r = openstack_look(os, id, &server, err);
		if (r < 0)
			return r;
		const json_t *task = json_object_get(server, "OS-EXT-STS:task_state");
		const char *status = text(server, "status");
		bool busy = (task && !json_is_null(task)) || streq(status, "BUILD") ||
			    (left && streq(status, left));
		if (!busy) {
			*ret = server;
			return 0;
		}
		cleanup_free char *doing = xstrdup(json_string_value(task));
		json_decref(server);
		if (run_interrupted(os->vim.run))
			return err_set(err, INTERRUPTED, "interrupted during Nova's task %s",
				       doing ? doing : "(unknown)");
		if (clock_left_ms(end) == 0)
			return err_code(err, FAILED, ETIMEDOUT,
					"Nova's task %s is not finished after %d s: see "
					"nova-compute's log on the host",
					doing ? doing : "(unknown)", seconds);
		clock_sleep(PAUSE_MS * US_PER_MS);
	}
}

int openstack_wait(struct openstack *os, const char *id, const char *left, json_t **ret,
		   struct err *err)
{
	return wait_for(os, id, left, TASK_S, ret, err);
}

/*
 * Nova refuses what a run that was killed has asked for already ("Instance has not been resized":
 * nova/compute/api.py, confirm_resize()); the status follows. Returns whether it did.
 */
static bool follows(struct openstack *os, const char *id, const char *left, json_t **ret)
{
	cleanup_err struct err err = ERR_INIT;

	return wait_for(os, id, left, FOLLOW_S, ret, &err) == 0;
}

/* Sends an action and waits for its end, as wait_task. If its outcome is unknown, the server's
 * state decides. */
int openstack_act(struct openstack *os, const char *id, json_t *action, const char *left,
		  json_t **ret, struct err *err)
{
	struct call *call =
		call_new(SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/action", id), action);
	int r = session_calls(os->session, &call, 1, err);

	os->outcome_unknown = r < 0 && call->lost;
	if (os->outcome_unknown) {
		event_note(os->vim.run, "ROLL", "%s: checking whether it was done", call->err.text);
		err_clear(err);
		clock_sleep(2 * PAUSE_MS * US_PER_MS); /* the service may still be working on it */
		r = 0;
	}
	bool refused = r < 0 && left && call->status == 400;
	call_free(call);
	json_decref(os->polled);
	os->polled = NULL;
	if (refused && follows(os, id, left, ret)) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : openstack_wait(os, id, left, ret, err);
}

int openstack_failed(const json_t *server, const char *what, struct err *err)
{
	cleanup_free char *fault = json_try_text(json_object_get(server, "fault"), "message");
	const char *status = text(server, "status");

	if (streq(status, "ERROR"))
		return err_set(err, FAILED, "%s: the server is in ERROR: %s", what,
			       fault ? fault : "no reason given");
	return err_set(err, FAILED, "%s: the server is %s", what, status ? status : "gone");
}
