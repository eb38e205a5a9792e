// SPDX-License-Identifier: Apache-2.0
/*
 * Is the compute service of a server's host up? If it is not, Nova deletes the server's record only
 * (nova/compute/api.py, _local_delete_cleanup), and the guest goes on running. A server's
 * host_status (2.16) is DOWN only for a service that was forced down, UNKNOWN for one whose
 * heartbeats stopped, and MAINTENANCE hides both: os-services tells. Each is shown to roles that
 * the cloud's policy names, by default admin.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int ask_services(struct openstack *os, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_COMPUTE, "GET",
			     xstrdup("/os-services?binary=nova-compute"), NULL, &answer, &why);

	if (r < 0 && (why.kind != ERR_REFUSED || why.code == -EACCES))
		return err_copy(err, &why);
	os->services = json_incref(json_object_get(answer, "services"));
	if (!os->services)
		os->services = json_null();
	json_decref(answer);
	return 0;
}

static enum tristate by_service(const json_t *services, const char *host, char **ret_why)
{
	const json_t *service;
	size_t i;

	json_array_foreach (services, i, service) {
		const char *since = text(service, "updated_at");
		if (!streq(text(service, "host"), host))
			continue;
		if (json_is_true(json_object_get(service, "forced_down")))
			*ret_why = xasprintf("the compute service of its host %s is forced down",
					     host);
		else if (!streq(text(service, "state"), "up"))
			*ret_why = xasprintf("the compute service of its host %s is down since %s",
					     host, since ? since : "it was made");
		return *ret_why ? TRI_NO : TRI_YES;
	}
	*ret_why = xasprintf("its host %s has no compute service", host);
	return TRI_NO;
}

static enum tristate by_status(const char *status, char **ret_why)
{
	static const char ask[] = "ask with the role admin";

	if (streq(status, "UP") || streq(status, "")) /* "": it is on no host */
		return TRI_YES;
	if (streq(status, "DOWN") || streq(status, "UNKNOWN")) {
		*ret_why = xasprintf("the compute service of its host is down (host_status %s)",
				     status);
		return TRI_NO;
	}
	*ret_why = status ? xasprintf("not known whether the compute service of its host is up "
				      "(host_status %s): %s",
				      status, ask)
			  : xasprintf("not known whether the compute service of its host is up: "
				      "Nova does not show it to these credentials: %s",
				      ask);
	return TRI_UNKNOWN;
}

int openstack_host_up(struct vim *vim, const struct vim_object *server, enum tristate *ret_up,
		      char **ret_why, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	const struct resource *t = resources_by_id(&os->resources, VIM_SERVER, server->id);
	int r = os->services ? 0 : ask_services(os, err);

	if (r < 0)
		return r;
	*ret_why = NULL;
	*ret_up = server->host && json_is_array(os->services)
			  ? by_service(os->services, server->host, ret_why)
			  : by_status(t ? text(t->json, "host_status") : NULL, ret_why);
	return 0;
}
