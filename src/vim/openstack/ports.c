// SPDX-License-Identifier: Apache-2.0
/*
 * Changes the ports of a server. Addresses and security groups are updated under it (PUT); a port
 * of another network, type or binding is deleted and created. Nova attaches a port after the
 * others, and the guest finds them in Nova's order from its next start on: so all ports from the
 * first new one on are detached, and attached in the order of the request. The server is off
 * meanwhile, because a running guest may refuse to release a device and may have no free slot for
 * another. https://docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

#define PAUSE_MS   300
#define DETACHED_S 120
#define TAG_MINOR  49 /* a port is attached with a tag */

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* A mark ends with port/GROUP/INDEX/NICID. */
static long nicid_of(const json_t *port)
{
	cleanup_free char *owner = NULL, *digest = NULL;

	resource_parse_mark(text(port, "description"), &owner, &digest);
	const char *slash = owner ? strrchr(owner, '/') : NULL;
	return slash ? strtol(slash + 1, NULL, 10) : -1;
}

/* The ports of the server, in the order in which they were attached. */
static int list_attached(struct openstack *os, const char *id, json_t **ret, struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_NETWORK, "GET",
			     xasprintf("/ports?device_id=%s", id), NULL, &answer, err);

	if (r < 0)
		return r;
	json_t *sorted = json_array(), *port;
	size_t i, at;
	json_array_foreach (json_object_get(answer, "ports"), i, port) {
		for (at = json_array_size(sorted); at > 0; at--)
			if (nicid_of(json_array_get(sorted, at - 1)) <= nicid_of(port))
				break;
		json_array_insert(sorted, at, port);
	}
	json_decref(answer);
	*ret = sorted;
	return 0;
}

static const json_t *port_in(const json_t *ports, const char *id)
{
	const json_t *port;
	size_t i;

	json_array_foreach (ports, i, port)
		if (streq(text(port, "id"), id))
			return port;
	return NULL;
}

static int set_power(struct openstack *os, const char *id, bool on, struct err *err)
{
	const char *wanted = on ? "ACTIVE" : "SHUTOFF", *other = on ? "SHUTOFF" : "ACTIVE";
	json_t *server = NULL;
	int r = openstack_look(os, id, &server, err);

	if (r == 0 && !streq(text(server, "status"), wanted)) {
		json_decref(steal_ptr(server));
		r = openstack_act(os, id, json_pack("{s:n}", on ? "os-start" : "os-stop"), other,
				  &server, err);
	}
	if (r == 0 && !streq(text(server, "status"), wanted))
		r = openstack_failed(server, on ? "start" : "stop", err);
	json_decref(server);
	return r;
}

/* Does Nova still have the port on the server? -ENOENT of the port means no. */
static int is_attached(struct openstack *os, const char *id, const char *port, bool *ret,
		       struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_NETWORK, "GET",
			     xasprintf("/ports/%s?fields=device_id", port), NULL, &answer, &why);

	if (r < 0 && why.kind != ERR_NOT_FOUND)
		return err_copy(err, &why);
	*ret = r == 0 && streq(text(json_object_get(answer, "port"), "device_id"), id);
	json_decref(answer);
	return 0;
}

/* The request of the last action on the server; the caller frees it. */
static int last_action(struct openstack *os, const char *id, char **ret, struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_COMPUTE, "GET",
			     xasprintf("/servers/%s/os-instance-actions?limit=1", id), NULL,
			     &answer, err);

	if (r < 0)
		return r;
	const json_t *last = json_array_get(json_object_get(answer, "instanceActions"), 0);
	const char *request = text(last, "request_id");
	if (request)
		*ret = xstrdup(request);
	else
		r = err_code(err, UNREACHABLE, EPROTO, "Nova's reply has no action of server %s",
			     id);
	json_decref(answer);
	return r;
}

static int is_over(struct openstack *os, const char *id, const char *request, bool *ret,
		   struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_COMPUTE, "GET",
			     xasprintf("/servers/%s/os-instance-actions/%s", id, request), NULL,
			     &answer, err);

	if (r < 0)
		return r;
	json_t *events = json_object_get(json_object_get(answer, "instanceAction"), "events"),
	       *event;
	size_t i;
	*ret = json_array_size(events) > 0;
	json_array_foreach (events, i, event)
		*ret = *ret && text(event, "finish_time");
	json_decref(answer);
	return 0;
}

/* Waits for the end of the last action. Nova unbinds a detached port before it gives its VF back
 * (nova/compute/manager.py, _detach_interface), so the port does not tell. */
static int wait_over(struct openstack *os, const char *id, struct err *err)
{
	cleanup_free char *request = NULL;
	bool over = false;
	int r = last_action(os, id, &request, err);

	for (int64_t end = clock_deadline(DETACHED_S * INT64_C(1000)); r == 0;) {
		r = is_over(os, id, request, &over, err);
		if (r < 0 || over)
			return r;
		if (run_interrupted(os->vim.run))
			return err_set(err, INTERRUPTED, "interrupted");
		if (clock_left_ms(end) == 0)
			return err_code(err, FAILED, ETIMEDOUT,
					"Nova is not done after %d s: see nova-compute's log on "
					"the host",
					DETACHED_S);
		clock_sleep(PAUSE_MS * US_PER_MS);
	}
	return r;
}

/* Afterwards the port is as it was before the server had it. */
static int detach(struct openstack *os, const char *id, const char *port, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	bool attached = false;
	int r = session_call(os->session, SERVICE_COMPUTE, "DELETE",
			     xasprintf("/servers/%s/os-interface/%s", id, port), NULL, NULL, &why);

	if (r < 0 && why.kind != ERR_NOT_FOUND)
		return err_copy(err, &why);
	r = r == 0 ? wait_over(os, id, err) : 0;
	if (r == 0)
		r = is_attached(os, id, port, &attached, err);
	return r == 0 && attached ? err_set(err, FAILED,
					    "Nova could not detach it: see nova-compute's log on "
					    "the host")
				  : r;
}

static int attach(struct openstack *os, const char *id, const char *port, size_t position,
		  struct err *err)
{
	cleanup_free char *tag = xasprintf("nic%zu", position);
	json_t *wanted = json_pack("{s:s}", "port_id", port);
	bool attached = false;

	if (session_nova_minor(os->session) >= TAG_MINOR)
		json_object_set_new(wanted, "tag", json_string(tag));
	struct call *call =
		call_new(SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/os-interface", id),
			 json_pack("{s:o}", "interfaceAttachment", wanted));
	int r = session_calls(os->session, &call, 1, err);
	if (r < 0 && call->lost && is_attached(os, id, port, &attached, NULL) == 0 && attached) {
		err_clear(err);
		r = 0;
	}
	call_free(call);
	return r;
}

/* What Neutron updates under a server. */
static const char *const soft[] = {"name",
				   "description",
				   "fixed_ips",
				   "security_groups",
				   "allowed_address_pairs",
				   "port_security_enabled",
				   "admin_state_up"};

/* What else a port is created with. */
static const char *const hard[] = {"network_id", "mac_address", "binding:vnic_type",
				   "numa_affinity_policy", "propagate_uplink_status"};

static void copy_keys(json_t *to, const json_t *from, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *value = json_object_get(from, keys[i]);
		if (value && !json_is_null(value))
			json_object_set(to, keys[i], value);
	}
}

static bool is_trusted(const json_t *port)
{
	const json_t *trusted =
		json_object_get(json_object_get(port, "binding:profile"), "trusted");

	return json_is_true(trusted) || streq(json_string_value(trusted), "true");
}

static bool differs(const json_t *have, const json_t *body, const char *key, const char *otherwise)
{
	const char *a = text(have, key), *b = text(body, key);

	return !streq(a ? a : otherwise, b ? b : otherwise);
}

/* Does the change need a new port? body: as it would be created. */
static bool needs_new(const json_t *have, const json_t *body, const struct vim_request *request)
{
	const char *mac = text(have, "mac_address"), *wanted = text(body, "mac_address");
	/* Of other ports Neutron shows its default. */
	const json_t *follows = json_object_get(have, "propagate_uplink_status");

	return !mac || (wanted && strcasecmp(mac, wanted) != 0) ||
	       differs(have, body, "network_id", "") ||
	       differs(have, body, "binding:vnic_type", "normal") ||
	       differs(have, body, "numa_affinity_policy", "") ||
	       is_trusted(have) != is_trusted(body) ||
	       (follows && request->port.interface->type == PORT_DIRECT &&
		json_is_true(follows) != request->port.propagate_uplink_status);
}

/* Takes ownership of the attributes. */
static int update(struct openstack *os, const char *id, json_t *attributes, struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(os->session, SERVICE_NETWORK, "PUT", xasprintf("/ports/%s", id),
			     json_pack("{s:o}", "port", attributes), &answer, err);

	if (r == 0) { /* also its name may be another */
		resources_remove(&os->resources, VIM_PORT, id);
		resources_add(&os->resources, VIM_PORT, json_object_get(answer, "port"));
	}
	json_decref(answer);
	return r;
}

/* Updates the port, or sets *ret_new. */
static int update_one(struct openstack *os, const struct vim_port_change *c, bool *ret_new,
		      struct err *err)
{
	const json_t *have = c->present ? port_in(os->ports_before, c->present->id) : NULL;
	json_t *body = NULL;
	int r;

	if (!c->request)
		return 0;
	r = body_make(os, c->request, &body, err);
	if (r < 0)
		return r;
	*ret_new = !have || needs_new(have, body, c->request);
	if (!*ret_new) {
		json_t *attributes = body_update(c->request);
		copy_keys(attributes, body, soft, ARRAY_SIZE(soft));
		r = update(os, c->present->id, attributes, err);
	}
	json_decref(body);
	return r < 0 ? err_wrap(err, "port %s", c->request->name) : 0;
}

/* How many of the server's first ports stay attached: those that are where they shall be. */
static size_t count_kept(struct openstack *os, const struct vim_request *request,
			 const bool *is_new)
{
	size_t kept = 0;

	for (; kept < request->server.n_ports; kept++) {
		const char *name = request->server.port_names[kept];
		const struct resource *t =
			resources_by_name(&os->resources, VIM_PORT, name, os->prefix, NULL);
		bool made = !t;
		for (size_t i = 0; i < request->server.n_port_changes; i++) {
			const struct vim_request *r = request->server.port_changes[i].request;
			made |= r && streq(r->name, name) && is_new[i];
		}
		if (made ||
		    !streq(text(json_array_get(os->ports_before, kept), "id"), t->object.id))
			break;
	}
	return kept;
}

/* Deletes what is removed or made anew, and creates what is new. */
static int exchange(struct openstack *os, const struct vim_request *request, const bool *is_new,
		    struct err *err)
{
	size_t n = request->server.n_port_changes, n_gone = 0, n_new = 0;
	cleanup_free const struct vim_object **gone = xcalloc(n, sizeof(*gone));
	cleanup_free struct vim_request *wanted = xcalloc(n, sizeof(*wanted));

	for (size_t i = 0; i < n; i++) {
		const struct vim_port_change *c = &request->server.port_changes[i];
		if (c->present && (!c->request || is_new[i]))
			gone[n_gone++] = c->present;
		if (!c->request || !is_new[i])
			continue;
		wanted[n_new] = *c->request;
		wanted[n_new++].n_needs = 0; /* all of it exists */
	}
	int r = openstack_destroy(&os->vim, gone, n_gone, NULL, err);
	return r < 0 ? r : openstack_create(&os->vim, wanted, n_new, NULL, err);
}

static int detach_from(struct openstack *os, const char *id, size_t kept, struct err *err)
{
	json_t *attached = NULL, *port;
	int r = list_attached(os, id, &attached, err);
	size_t i;

	json_array_foreach (attached, i, port) {
		if (r == 0 && i >= kept) {
			r = detach(os, id, text(port, "id"), err);
			if (r < 0)
				err_wrap(err, "detach port %s", text(port, "name"));
		}
	}
	json_decref(attached);
	return r;
}

/* The digest of a server whose ports are being changed: after a kill, it is created again. */
static int set_digest(struct openstack *os, const char *id, const char *digest, struct err *err)
{
	return session_call(os->session, SERVICE_COMPUTE, "POST",
			    xasprintf("/servers/%s/metadata", id),
			    json_pack("{s:{s:s}}", "metadata", MARK_DIGEST, digest), NULL, err);
}

/* With the server off. */
static int replug(struct openstack *os, const char *id, const struct vim_request *request,
		  const bool *is_new, struct err *err)
{
	int r = set_power(os, id, false, err);

	if (r == 0)
		r = detach_from(os, id, os->ports_kept, err);
	if (r == 0)
		r = exchange(os, request, is_new, err);
	for (size_t k = os->ports_kept; k < request->server.n_ports && r == 0; k++) {
		const char *name = request->server.port_names[k];
		const struct resource *t =
			resources_by_name(&os->resources, VIM_PORT, name, os->prefix, NULL);
		r = t ? attach(os, id, t->object.id, k, err)
		      : err_set(err, NOT_FOUND, "no port \"%s\"", name);
		if (r < 0)
			err_wrap(err, "attach port %s", name);
	}
	return r < 0 ? r : set_power(os, id, true, err);
}

int openstack_change_ports(struct openstack *os, const char *id, const struct vim_request *request,
			   struct err *err)
{
	size_t n = request->server.n_port_changes;
	cleanup_free bool *is_new = xcalloc(n, sizeof(bool));

	json_decref(steal_ptr(os->ports_before));
	int r = list_attached(os, id, &os->ports_before, err);
	os->ports_kept = json_array_size(os->ports_before);
	os->ports_moved = false;
	if (r == 0)
		r = set_digest(os, id, "ports", err);
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct vim_request *port = request->server.port_changes[i].request;
		if (port)
			r = openstack_learn_groups(os, port, 1, err);
		if (r == 0)
			r = update_one(os, &request->server.port_changes[i], &is_new[i], err);
	}
	if (r < 0)
		return r;
	size_t before = os->ports_kept, kept = count_kept(os, request, is_new);
	if (kept == before && kept == request->server.n_ports)
		return 0;
	os->ports_kept = kept;
	os->ports_moved = true;
	event_note(os->vim.run, "ROLL", "server %s: %zu ports are detached, %zu attached",
		   request->name, before - kept, request->server.n_ports - kept);
	return replug(os, id, request, is_new, err);
}

/* Deletes the ports that openstack_change_ports created. */
static int delete_new(struct openstack *os, const struct vim_request *request, struct err *err)
{
	for (size_t i = 0; i < request->server.n_port_changes; i++) {
		const struct vim_request *port = request->server.port_changes[i].request;
		const struct resource *t =
			port ? resources_by_owner(&os->resources, VIM_PORT, port->owner) : NULL;
		if (!t || port_in(os->ports_before, t->object.id))
			continue;
		const struct vim_object *made = &t->object;
		int r = openstack_destroy(&os->vim, &made, 1, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Updates the port to what it was, or creates it again: then *ret_id, which the caller frees. */
static int bring_back(struct openstack *os, const json_t *port, char **ret_id, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	json_t *answer = NULL, *attributes = json_object();

	copy_keys(attributes, port, soft, ARRAY_SIZE(soft));
	int r = update(os, text(port, "id"), json_incref(attributes), &why);
	if (r < 0 && why.kind != ERR_NOT_FOUND) {
		json_decref(attributes);
		return err_copy(err, &why);
	}
	*ret_id = xstrdup(text(port, "id"));
	if (r == 0) {
		json_decref(attributes);
		return 0;
	}
	copy_keys(attributes, port, hard, ARRAY_SIZE(hard));
	if (is_trusted(port))
		json_object_set_new(attributes, "binding:profile",
				    json_pack("{s:s}", "trusted", "true"));
	r = session_call(os->session, SERVICE_NETWORK, "POST", xstrdup("/ports"),
			 json_pack("{s:o}", "port", attributes), &answer, err);
	json_t *made = json_object_get(answer, "port");
	if (r == 0)
		resources_add(&os->resources, VIM_PORT, made);
	free(*ret_id);
	*ret_id = xstrdup(text(made, "id"));
	json_decref(answer);
	return r;
}

/* Was it changed? Only then is it touched. */
static bool was_changed(const struct vim_request *request, const json_t *port)
{
	for (size_t i = 0; i < request->server.n_port_changes; i++) {
		const struct vim_object *present = request->server.port_changes[i].present;
		if (present && streq(present->id, text(port, "id")))
			return true;
	}
	return false;
}

int openstack_restore_ports(struct openstack *os, const char *id, const struct vim_request *request,
			    struct err *err)
{
	json_t *port;
	size_t i;
	int r = 0;

	if (os->ports_moved)
		r = set_power(os, id, false, err);
	if (r == 0 && os->ports_moved)
		r = detach_from(os, id, os->ports_kept, err);
	if (r == 0)
		r = delete_new(os, request, err);
	json_array_foreach (os->ports_before, i, port) {
		cleanup_free char *now = xstrdup(text(port, "id"));
		if (r == 0 && was_changed(request, port)) {
			free(steal_ptr(now));
			r = bring_back(os, port, &now, err);
		}
		if (r == 0 && os->ports_moved && i >= os->ports_kept)
			r = attach(os, id, now, i, err);
		if (r < 0)
			return err_wrap(err, "port %s", text(port, "name"));
	}
	if (r == 0 && os->ports_moved)
		r = set_power(os, id, true, err);
	const char *digest = text(json_object_get(os->before, "metadata"), MARK_DIGEST);
	return r < 0 || !digest ? r : set_digest(os, id, digest, err);
}
