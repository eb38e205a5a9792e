// SPDX-License-Identifier: Apache-2.0
#include "deploy/power.h"

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

/* A service that is down does nothing; one that is back later does what was asked for long ago. */
static int check_host(struct vim *vim, const struct vim_object *server, bool force, struct err *err)
{
	cleanup_free char *why = NULL;
	enum tristate up = TRI_YES;
	int r = vim->ops->host_up ? vim->ops->host_up(vim, server, &up, &why, err) : 0;

	if (r < 0)
		return err_wrap(err, "server \"%s\"", server->name);
	if (up == TRI_YES)
		return 0;
	if (up == TRI_NO && !force)
		return err_set(
			err, REFUSED,
			"server \"%s\": %s: nothing would be done until it is up again: start "
			"the service, or ask Nova nevertheless with --force",
			server->name, why);
	event_note(vim->run, "HOST", "server %s: %s%s", server->name, why,
		   up == TRI_NO ? " (--force)" : "");
	return 0;
}

int power_check(struct vim *vim, const struct vim_object *server, enum vim_power power, bool force,
		char **ret_status, bool *ret_needed, struct err *err)
{
	cleanup_server_info struct vim_server_info info = {0};
	int r = vim->ops->server(vim, server->name, VIM_LOOK_STATE, &info, err);

	if (r == 0)
		r = vim_power_allowed(&info, err);
	if (r == 0)
		r = check_host(vim, server, force, err);
	if (r < 0)
		return r;
	*ret_needed = !(power == VIM_POWER_START && streq(info.status, "ACTIVE")) &&
		      !(power == VIM_POWER_STOP && streq(info.status, "SHUTOFF"));
	*ret_status = steal_ptr(info.status);
	return 0;
}

/* ESC's names. */
static const char *event_type(enum vim_power power)
{
	static const char *const types[] = {
		[VIM_POWER_START] = "VM_STARTED",
		[VIM_POWER_STOP] = "VM_STOPPED",
		[VIM_POWER_REBOOT] = "VM_REBOOTED",
	};

	return types[power];
}

int power_apply(struct vim *vim, const struct vim_object *server, enum vim_power power,
		struct err *err)
{
	struct event event = {
		.type = event_type(power),
		.status = EVENT_STARTED,
		.tenant = vim->tenant,
		.deployment = vim->deployment,
		.object = server->name,
	};
	cleanup_err struct err why = ERR_INIT;

	if (run_interrupted(vim->run))
		return err_set(err, INTERRUPTED, "interrupted");
	event_report(vim->run, &event);
	int r = vim->ops->power(vim, server, power, &why);
	event.status = r < 0 ? EVENT_FAILURE : EVENT_SUCCESS;
	event.details = why.text;
	event_report(vim->run, &event);
	return r < 0 ? err_pass(err, &why, "%s server \"%s\"", vim_power_name(power), server->name)
		     : 0;
}
