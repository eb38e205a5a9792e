// SPDX-License-Identifier: Apache-2.0
/* https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action */

#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/server_info.h"

static json_t *action_of(enum vim_power power)
{
	switch (power) {
	case VIM_POWER_START:
		return json_pack("{s:n}", "os-start");
	case VIM_POWER_STOP:
		return json_pack("{s:n}", "os-stop");
	case VIM_POWER_REBOOT:
		return json_pack("{s:{s:s}}", "reboot", "type", "HARD");
	}
	return NULL;
}

/* Nova takes a hard reboot during another one, and an admin's change of a locked server. */
static int check_allowed(const json_t *server, struct err *err)
{
	const struct server_view view = {.server = (json_t *)server};
	cleanup_server_info struct vim_server_info info = {0};

	server_info_read(&view, VIM_LOOK_STATE, &info);
	return vim_power_allowed(&info, err);
}

/* If the reply to a reboot was lost, only the time of the last change tells whether it was done. */
static int check_done(const struct openstack *os, const json_t *before, const json_t *after,
		      enum vim_power power, struct err *err)
{
	const char *status = json_string_value(json_object_get(after, "status"));
	const char *updated = json_string_value(json_object_get(after, "updated"));

	if (!streq(status, power == VIM_POWER_STOP ? "SHUTOFF" : "ACTIVE"))
		return openstack_failed(after, vim_power_name(power), err);
	if (power == VIM_POWER_REBOOT && os->outcome_unknown && updated &&
	    streq(updated, json_string_value(json_object_get(before, "updated"))))
		return err_set(err, FAILED, "Nova did not carry out the reboot");
	return 0;
}

int openstack_power(struct vim *vim, const struct vim_object *server, enum vim_power power,
		    struct err *err)
{
	struct openstack *os = openstack_of(vim);
	json_t *before = NULL, *after = NULL;
	int r = openstack_login(os, err);

	if (r == 0)
		r = openstack_look(os, server->id, &before, err);
	if (r == 0)
		r = check_allowed(before, err);
	if (r == 0)
		r = openstack_act(os, server->id, action_of(power), NULL, &after, err);
	if (r == 0)
		r = check_done(os, before, after, power, err);
	json_decref(before);
	json_decref(after);
	return r;
}
