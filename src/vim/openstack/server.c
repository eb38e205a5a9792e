// SPDX-License-Identifier: Apache-2.0
/* Queries Nova and Neutron for a server, and operations on a running one. */

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/server_info.h"

#define CONSOLE_LINES 200
#define MAX_CONSOLE   65536

/* Id of our resource of that name; lists the kind if it is not known yet. */
static int find_id(struct openstack *os, enum vim_kind kind, const char *name, const char **ret,
		   struct err *err)
{
	struct resource *t = resources_by_name(&os->resources, kind, name, os->prefix, NULL);

	if (!t) {
		cleanup_strbuf struct strbuf query = {0};
		cleanup_free char *pattern = xasprintf("^%s$", name);
		query_add(&query, "name", kind == VIM_SERVER ? pattern : name);
		if (kind == VIM_PORT)
			query_add(&query, "project_id", session_project_id(os->session));
		struct listing listing = {kind, strbuf_steal(&query)};
		int r = openstack_fetch(os, &listing, 1, &os->resources, err);
		if (r < 0)
			return r;
		t = resources_by_name(&os->resources, kind, name, os->prefix, NULL);
	}
	if (!t || !t->object.owner || !str_starts(t->object.owner, os->prefix))
		return err_set(err, NOT_FOUND, "no %s \"%s\" in deployment %s/%s",
			       vim_kind_name(kind), name, os->vim.tenant, os->vim.deployment);
	*ret = t->object.id;
	return 0;
}

/* A GET to be sent with others; *ret is its answer, NULL if refused. */
struct question {
	struct call *call;
	json_t **ret;
	bool must; /* a refusal is an error */
};

static int ask(struct openstack *os, struct question *q, size_t n, struct err *err)
{
	cleanup_free struct call **calls = xcalloc(n, sizeof(struct call *));
	int r = 0;

	for (size_t i = 0; i < n; i++)
		calls[i] = q[i].call;
	int sent = session_calls(os->session, calls, n, err);
	for (size_t i = 0; i < n; i++) {
		if (calls[i]->result == 0)
			*q[i].ret = json_incref(calls[i]->answer);
		else if (r == 0 && (q[i].must || calls[i]->status == 0))
			r = err_copy(err, &calls[i]->err);
		if (calls[i]->result < 0)
			sent = 0; /* the call has its own error */
		call_free(calls[i]);
	}
	if (r == 0 && sent < 0)
		return sent; /* the login failed */
	if (r == 0 && err)
		err_clear(err);
	return r;
}

static struct call *get(enum service service, char *path)
{
	return call_new(service, "GET", path, NULL);
}

/* The networks of the ports, their routers, and the host's PFs. */
static int ask_networks(struct openstack *os, struct server_view *v, struct err *err)
{
	cleanup_strbuf struct strbuf networks = {0}, routed = {0};

	json_for_each (port, json_object_get(v->ports, "ports")) {
		const char *id = json_string_value(json_object_get(port, "network_id"));
		if (!id)
			continue;
		query_add(&networks, "id", id);
		query_add(&routed, "network_id", id);
	}
	if (!networks.len)
		return 0;
	strbuf_adds(&routed, "&device_owner=network:router_interface"
			     "&device_owner=network:router_interface_distributed"
			     "&device_owner=network:ha_router_replicated_interface");
	struct question questions[] = {
		{get(SERVICE_NETWORK, xasprintf("/networks%s", networks.s)), &v->networks, true},
		{get(SERVICE_NETWORK, xasprintf("/ports%s", routed.s)), &v->routed, true},
		{get(SERVICE_NETWORK, xstrdup("/agents?agent_type=NIC%20Switch%20agent")),
		 &v->agents, false},
	};
	return ask(os, questions, ARRAY_SIZE(questions), err);
}

static int look_at_all(struct openstack *os, struct server_view *v, const char *id, struct err *err)
{
	json_t *whole = NULL;
	struct question questions[] = {
		{get(SERVICE_COMPUTE, xasprintf("/servers/%s", id)), &whole, true},
		{get(SERVICE_NETWORK, xasprintf("/ports?device_id=%s", id)), &v->ports, true},
		{get(SERVICE_COMPUTE, xasprintf("/servers/%s/topology", id)), &v->topology, false},
		{get(SERVICE_COMPUTE, xasprintf("/servers/%s/os-instance-actions?limit=1", id)),
		 &v->actions, false},
	};
	int r = ask(os, questions, ARRAY_SIZE(questions), err);

	v->server = json_incref(json_object_get(whole, "server"));
	json_decref(whole);
	return r < 0 ? r : ask_networks(os, v, err);
}

char *openstack_servers_path(const char *name, const char *status)
{
	cleanup_strbuf struct strbuf query = {0};
	cleanup_free char *pattern = xasprintf("^%s$", name);

	query_add(&query, "name", pattern);
	if (status)
		query_add(&query, "status", status);
	return xasprintf("/servers%s", query.s);
}

bool openstack_servers_hold(const json_t *answer, const char *id)
{
	json_for_each (server, json_object_get(answer, "servers")) {
		if (streq(json_string_value(json_object_get(server, "id")), id))
			return true;
	}
	return false;
}

/*
 * Whether the status has changed since the last poll. A refused list gives no information: as
 * filter, Nova does not accept the status UNKNOWN, which it shows while a cell is down.
 */
static bool may_have_changed(struct openstack *os, const char *name, const char *id)
{
	const char *status = json_string_value(json_object_get(os->polled, "status"));
	json_t *answer = NULL;

	if (!status || !streq(json_string_value(json_object_get(os->polled, "id")), id))
		return true;
	cleanup_err struct err err = ERR_INIT;
	int r = session_call(os->session, SERVICE_COMPUTE, "GET",
			     openstack_servers_path(name, status), NULL, &answer, &err);
	bool same = r == 0 && openstack_servers_hold(answer, id);
	json_decref(answer);
	return !same;
}

static int look_at_state(struct openstack *os, struct server_view *v, const char *name,
			 const char *id, struct err *err)
{
	int r = 0;

	if (may_have_changed(os, name, id)) {
		json_t *whole = NULL;
		r = session_call(os->session, SERVICE_COMPUTE, "GET", xasprintf("/servers/%s", id),
				 NULL, &whole, err);
		json_decref(os->polled);
		os->polled = json_incref(json_object_get(whole, "server"));
		json_decref(whole);
	}
	v->server = json_incref(os->polled);
	return r;
}

int openstack_server(struct vim *vim, const char *server_name, enum vim_look look,
		     struct vim_server_info *ret, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_server_view struct server_view v = {0};
	const char *id = NULL;
	int r = openstack_login(os, err);

	if (r == 0)
		r = find_id(os, VIM_SERVER, server_name, &id, err);
	if (r < 0)
		return r;
	r = look == VIM_LOOK_ALL ? look_at_all(os, &v, id, err)
				 : look_at_state(os, &v, server_name, id, err);
	if (r < 0)
		return r;
	if (!v.server)
		return err_code(err, UNREACHABLE, EPROTO, "Nova's reply has no server \"%s\"",
				server_name);
	v.nova_minor = session_nova_minor(os->session);
	server_info_read(&v, look, ret);
	return 0;
}

int openstack_set_link(struct vim *vim, const char *server_name, const char *port_name, bool up,
		       struct err *err)
{
	struct openstack *os = openstack_of(vim);
	const char *id = NULL;
	int r = openstack_login(os, err);

	(void)server_name;
	if (r == 0)
		r = find_id(os, VIM_PORT, port_name, &id, err);
	if (r < 0)
		return r;
	if (up && os->took_link_down)
		session_uninterruptible(os->session);
	os->took_link_down = !up;
	/* Neutron's agent sets the VF's link state: `disable` when the port is down. */
	return session_call(os->session, SERVICE_NETWORK, "PUT", xasprintf("/ports/%s", id),
			    json_pack("{s:{s:b}}", "port", "admin_state_up", up), NULL, err);
}

/* The last MAX_CONSOLE bytes. Takes ownership of text; NULL becomes "". */
static char *last_part(char *text)
{
	size_t len = text ? strlen(text) : 0;
	char *part = xstrdup(!text ? "" : len > MAX_CONSOLE ? text + len - MAX_CONSOLE : text);

	free(text);
	return part;
}

int openstack_console(struct vim *vim, const char *server_name, char **ret_text, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	json_t *answer = NULL;
	const char *id = NULL;
	int r = openstack_login(os, err);

	if (r == 0)
		r = find_id(os, VIM_SERVER, server_name, &id, err);
	if (r == 0)
		r = session_call(
			os->session, SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/action", id),
			json_pack("{s:{s:i}}", "os-getConsoleOutput", "length", CONSOLE_LINES),
			&answer, err);
	if (r == 0)
		*ret_text = last_part(json_try_lines(answer, "output"));
	json_decref(answer);
	return r;
}
