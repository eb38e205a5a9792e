// SPDX-License-Identifier: Apache-2.0
/* Changes the ports of a server that is off: taps and addresses. */

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "vim/local/handle.h"

json_t *ports_note(const struct records *records, const struct vim_request *server)
{
	json_t *noted = json_array();

	for (size_t i = 0; i < server->server.n_port_changes; i++) {
		const struct vim_object *present = server->server.port_changes[i].present;
		const struct record *port =
			present ? records_find(records, VIM_PORT, present->name) : NULL;
		if (port)
			json_array_append_new(noted,
					      json_pack("{s:s, s:s, s:s, s:O}", "name", port->name,
							"owner", port->owner, "digest",
							port->digest, "spec", port->spec));
	}
	return noted;
}

int ports_swap(struct local *local, const struct vim_request *server, struct records *records,
	       struct err *err)
{
	size_t n = server->server.n_port_changes;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct vim_object *present = server->server.port_changes[i].present;
		if (present)
			r = local_destroy_one(local, records, present, err);
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct vim_request *request = server->server.port_changes[i].request;
		if (request)
			r = local_create_one(local, request, records, err);
	}
	return r;
}

static int make_again(struct local *local, struct records *records, const json_t *noted,
		      struct err *err)
{
	struct record *port = records_new(records, VIM_PORT, record_string(noted, "name"));

	port->owner = xstrdup(record_string(noted, "owner"));
	port->digest = xstrdup(record_string(noted, "digest"));
	json_decref(port->spec);
	port->spec = json_incref(json_object_get(noted, "spec"));
	int r = net_port_create(local, records, port, err);
	if (r < 0)
		return err_wrap(err, "port %s", port->name);
	port->done = true;
	return record_save(&local->store, port, err);
}

int ports_swap_back(struct local *local, const struct vim_request *server, struct records *records,
		    const json_t *noted, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < server->server.n_port_changes && r == 0; i++) {
		const struct vim_port_change *c = &server->server.port_changes[i];
		const char *name = c->request ? c->request->name : c->present->name;
		const struct record *port = records_find(records, VIM_PORT, name);
		const struct vim_object now = {.kind = VIM_PORT, .id = port ? port->id : NULL};
		if (port)
			r = local_destroy_one(local, records, &now, err);
	}
	json_for_each (port, noted) {
		if (r == 0)
			r = make_again(local, records, port, err);
	}
	return r;
}
