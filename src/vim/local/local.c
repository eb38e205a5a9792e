// SPDX-License-Identifier: Apache-2.0
#include "vim/vim.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/str.h"
#include "net/netlink.h"
#include "vim/local/handle.h"
#include "vim/local/link.h"
#include "vim/local/netns.h"
#include "vim/request.h"

static struct local *local_of(struct vim *vim)
{
	return (struct local *)vim;
}

/* A changing operation takes the lock at its first write; create and destroy then read the records
 * again. */
static int local_open(const struct vim_target *target, const struct run_ctx *run,
		      struct vim **ret_vim, struct err *err)
{
	if (target->region)
		return err_set(err, INVALID,
			       "the VIM local has no regions, but the descriptor's vim_region is "
			       "\"%s\": use another VIM, or remove vim_region",
			       target->region);
	struct local *local = xcalloc(1, sizeof(*local));
	local->vim = (struct vim){
		.ops = &vim_local,
		.tenant = xstrdup(target->tenant),
		.deployment = xstrdup(target->deployment),
		/* A tenant is its own project here, whatever the descriptor maps it to. */
		.identity = {.vim = xstrdup(target->vim_name),
			     .project = *target->tenant ? xstrdup(target->tenant) : NULL,
			     .user = geteuid() == 0 ? xstrdup("root")
						    : xasprintf("uid %u", geteuid())},
		.run = run,
	};
	local->netns = -1;
	store_init(&local->store, target->tenant, target->deployment);
	*ret_vim = &local->vim;
	return 0;
}

static void local_close(struct vim *vim)
{
	if (!vim)
		return;

	struct local *local = local_of(vim);
	netlink_close(local->blackhole);
	cleanup_close_fn(&local->netns);
	store_clear(&local->store);
	qemu_clear(&local->qemu);
	vim_identity_clear(&vim->identity);
	free_all(vim->tenant, vim->deployment, local);
}

/*
 * Tenant and deployment of a namespace whose folder is gone. Its name joins the two with "-", which
 * both may contain, so every split is tried.
 */
static bool part_name(const char *name, struct vim_deployment *ret)
{
	cleanup_free char *plain = xstrdup(name + strlen("dnsvnf-"));

	plain[strcspn(plain, "~")] = 0;
	for (char *dash = strchr(plain, '-'); dash; dash = strchr(dash + 1, '-')) {
		*dash = 0;
		cleanup_free char *again = netns_name(plain, dash + 1);
		if (streq(again, name)) {
			ret->tenant = xstrdup(plain);
			ret->deployment = xstrdup(dash + 1);
			return true;
		}
		*dash = '-';
	}
	return false;
}

static int local_deployments(struct vim *vim, struct vim_deployment **ret, size_t *ret_n,
			     struct err *err)
{
	struct vim_deployment *v = NULL;
	size_t n = 0, n_names = 0;
	char **names = NULL;

	int r = store_deployments(&v, &n, err);
	if (r < 0)
		return r;
	r = netns_list("dnsvnf-", &names, &n_names, err);
	if (r < 0) {
		vim_deployments_free(v, n);
		return r;
	}
	size_t with_folder = n;
	for (size_t i = 0; i < n_names && r == 0; i++) {
		cleanup_err struct err why = ERR_INIT;
		bool known = false;
		for (size_t k = 0; k < with_folder && !known; k++) {
			cleanup_free char *name = netns_name(v[k].tenant, v[k].deployment);
			known = streq(name, names[i]);
		}
		struct vim_deployment d;
		if (known)
			continue;
		int found = store_find_netns(&local_of(vim)->store, names[i], &why);
		if (found < 0 && why.kind != ERR_NOT_FOUND)
			r = err_copy(err, &why);
		if (found < 0)
			continue;
		if (part_name(names[i], &d))
			*array_push(v, n) = d;
		else
			log_info("namespace %s does not say which deployment it belongs to",
				 names[i]);
	}
	netns_list_free(names, n_names);
	if (r < 0) {
		vim_deployments_free(v, n);
		return r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* The object of its record does not exist. */
static void set_absent(const struct record *record, struct vim_object *o)
{
	o->state = record->done ? VIM_STATE_ERROR : VIM_STATE_BUILD;
	if (record->done)
		o->fault = xstrdup("no longer on this machine, as after a restart");
}

static int object_state(struct local *local, const struct records *records,
			const struct record *record, struct vim_object *o, struct err *err)
{
	struct server_state state;
	bool in_use;
	int r;

	o->state = record->done ? VIM_STATE_ACTIVE : VIM_STATE_BUILD;
	switch (record->kind) {
	case VIM_IMAGE:
	case VIM_FLAVOR:
	case VIM_SERVER_GROUP:
		return 0;
	case VIM_NETWORK:
	case VIM_SUBNET:
		if (!net_present(local, records, record, &in_use))
			set_absent(record, o);
		return 0;
	case VIM_PORT:
		if (!net_present(local, records, record, &in_use))
			set_absent(record, o);
		else if (o->state == VIM_STATE_ACTIVE && !in_use)
			o->state = VIM_STATE_DOWN;
		return 0;
	case VIM_SERVER:
		r = server_look(local, record, &state, err);
		if (r < 0)
			return r;
		o->state = state.state;
		o->fault = state.fault;
		free(state.hypervisor);
		return 0;
	}
	return 0;
}

/* Files of that name in the image folders are images that exist in this VIM. */
static void add_image_file(const char *name, const struct records *records,
			   struct vim_inventory *inventory)
{
	cleanup_image_files struct image_files files = {0};

	if (records_find(records, VIM_IMAGE, name) || image_find(name, NULL, &files, NULL) < 0)
		return;
	*array_push(inventory->v, inventory->n) = (struct vim_object){
		.kind = VIM_IMAGE,
		.id = xstrdup(files.disk),
		.name = xstrdup(name),
		.state = VIM_STATE_ACTIVE,
	};
}

static void describe_server(struct local *local, const struct record *record, struct vim_object *o)
{
	o->image = xstrdup(record_string(record->spec, "image"));
	o->flavor = xstrdup(record_string(record->spec, "flavor"));
	o->user_data = server_user_data(local, record);
}

static int local_list(struct vim *vim, const struct vim_reference *references, size_t n,
		      struct vim_inventory *ret, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	cleanup_inventory struct vim_inventory inventory = {
		.changes = VIM_CHANGE_DISK | VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA |
			   VIM_CHANGE_FLAVOR | VIM_CHANGE_FILES | VIM_CHANGE_PORTS};

	int bad = store_load(&local->store, &records, err);
	if (bad < 0 && bad != -EBADMSG)
		return bad;
	for (size_t i = 0; i < records.n; i++) {
		const struct record *record = &records.v[i];
		struct vim_object *o = array_push(inventory.v, inventory.n);
		*o = (struct vim_object){
			.kind = record->kind,
			.id = xstrdup(record->id),
			.name = xstrdup(record->name),
			.owner = xstrdup(record->owner),
			.digest = xstrdup(record->digest),
			.link_down = json_is_false(json_object_get(record->made, "link_up")),
		};
		if (record->kind == VIM_SERVER)
			describe_server(local, record, o);
		int r = object_state(local, &records, record, o, err);
		if (r < 0)
			return err_wrap(err, "%s %s", vim_kind_name(record->kind), record->name);
	}
	for (size_t i = 0; i < n; i++)
		if (references[i].kind == VIM_IMAGE)
			add_image_file(references[i].name, &records, &inventory);
	*ret = steal(inventory);
	return bad;
}

/* Physnet of the port's network: of the request, else of the record. */
static int port_physnet(const struct vim_request *port, const struct records *records,
			const char **ret, struct err *err)
{
	if (port->port.network) {
		*ret = port->port.network->provider_physical_network;
		return 0;
	}
	const struct record *network = records_find(records, VIM_NETWORK, port->port.network_name);
	if (!network)
		return err_set(err, NOT_FOUND, "Network %s could not be found.",
			       port->port.network_name);
	*ret = record_string(network->spec, "physical_network");
	return 0;
}

static int local_admit(struct vim *vim, const struct vim_request *server,
		       const struct vim_request *ports, size_t n_ports, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	cleanup_physnets struct physnets physnets = {0};
	cleanup_free struct host_port *host_ports = xcalloc(n_ports, sizeof(*host_ports));
	cleanup_image_files struct image_files files = {0};
	struct flavor store = {0};

	int r = store_load(&local->store, &records, err);
	if (r < 0)
		return r;
	net_physnets(&records, &physnets);
	for (size_t i = 0; i < n_ports; i++) {
		const struct network *network = ports[i].port.network;
		host_ports[i] = (struct host_port){
			.nicid = ports[i].port.interface->nicid,
			.network = network ? network->name : ports[i].port.network_name,
			.type = ports[i].port.interface->type,
			.numa_affinity_policy = ports[i].port.numa_affinity_policy,
		};
		r = port_physnet(&ports[i], &records, &host_ports[i].physnet, err);
		if (r < 0)
			return r;
		physnets_add(&physnets, host_ports[i].physnet);
	}
	const struct flavor *flavor = local_flavor(server, &records, &store);
	if (flavor)
		r = host_admit(flavor, host_ports, n_ports, &physnets, err);
	else
		r = err_set(err, NOT_FOUND, "Flavor %s could not be found.",
			    server->server.flavor_name);
	local_flavor_clear(&store);
	if (r == 0)
		r = image_find(server->server.image_name,
			       server->server.image ? server->server.image->src : NULL, &files,
			       err);
	return r < 0 ? r : local_qemu(local, err);
}

static int local_create(struct vim *vim, const struct vim_request *requests, size_t n,
			const struct vim_watch *watch, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};

	int r = store_lock(&local->store, err);
	if (r == 0)
		r = store_load(&local->store, &records, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (run_interrupted(vim->run))
			return err_set(err, INTERRUPTED, "interrupted");
		vim_watch_report(watch, i, EVENT_STARTED, NULL);
		r = local_create_one(local, &requests[i], &records, err);
		if (r == 0)
			vim_watch_report(watch, i, EVENT_SUCCESS, NULL);
	}
	return r;
}

static int find_server(struct local *local, const char *name, struct records *records,
		       struct record **ret, struct err *err)
{
	int r = store_load(&local->store, records, err);

	if (r < 0)
		return r;
	*ret = records_find(records, VIM_SERVER, name);
	return *ret ? 0
		    : err_set(err, NOT_FOUND, "no server \"%s\" in deployment %s/%s", name,
			      local->vim.tenant, local->vim.deployment);
}

/* For a change: takes the lock. */
static int find_for_change(struct local *local, const char *name, struct records *records,
			   struct record **ret, struct err *err)
{
	int r = store_lock(&local->store, err);

	return r < 0 ? r : find_server(local, name, records, ret, err);
}

static int local_change(struct vim *vim, const struct vim_object *object,
			const struct vim_request *request, unsigned changes, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server;

	int r = find_for_change(local, object->name, &records, &server, err);
	if (r == 0)
		r = server_change_begin(local, server, ports_note(&records, request), changes, err);
	if (r == 0)
		r = ports_swap(local, request, &records, err);
	if (r < 0)
		return r;
	server = records_find(&records, VIM_SERVER, object->name);
	return server_change_end(local, request, &records, server, changes, err);
}

static int local_settle(struct vim *vim, const struct vim_object *object,
			const struct vim_request *request, bool keep, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server;

	cleanup_json json_t *ports = NULL;
	int r = find_for_change(local, object->name, &records, &server, err);
	if (r < 0 || !json_object_get(server->made, "before"))
		return r;
	if (keep)
		return server_keep(local, server, err);
	r = server_back_begin(local, server, &ports, err);
	if (r == 0)
		r = ports_swap_back(local, request, &records, ports, err);
	if (r < 0)
		return r;
	server = records_find(&records, VIM_SERVER, object->name);
	return server_start_again(local, &records, server, err);
}

static int local_power(struct vim *vim, const struct vim_object *object, enum vim_power power,
		       struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server;

	int r = find_for_change(local, object->name, &records, &server, err);
	return r < 0 ? r : server_power(local, &records, server, power, err);
}

static int local_server(struct vim *vim, const char *server_name, enum vim_look look,
			struct vim_server_info *ret, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server;

	(void)look; /* reading one costs as much as reading all */
	int r = find_server(local, server_name, &records, &server, err);
	return r < 0 ? r : server_info(local, &records, server, ret, err);
}

/* While there are records that release() can no longer read: as is_recorded() in handle.c. */
static int adopt_netns(const struct local *local, const struct records *records, struct err *err)
{
	cleanup_free char *name = netns_name(local->vim.tenant, local->vim.deployment);

	for (size_t i = 0; i < records->n; i++)
		if (records->v[i].kind == VIM_NETWORK && records->v[i].done)
			return store_add_netns(&local->store, name, err);
	return 0;
}

static int local_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
			 const struct vim_watch *watch, struct err *err)
{
	static const enum vim_kind order[] = {VIM_SERVER, VIM_PORT,         VIM_SUBNET, VIM_IMAGE,
					      VIM_FLAVOR, VIM_SERVER_GROUP, VIM_NETWORK};
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	int first = 0;

	cleanup_err struct err bad = ERR_INIT;
	int r = store_lock(&local->store, err);
	if (r < 0)
		return r;
	r = store_load(&local->store, &records, &bad);
	if (r < 0 && r != -EBADMSG) /* one bad record does not keep the others */
		return err_copy(err, &bad);
	r = adopt_netns(local, &records, err);
	if (r < 0)
		return r;
	for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
		if (k > 0 && order[k - 1] == VIM_SERVER && first < 0)
			return first;
		for (size_t i = 0; i < n; i++) {
			cleanup_err struct err one = ERR_INIT;
			if (objects[i]->kind != order[k])
				continue;
			if (run_interrupted(vim->run))
				return err_set(err, INTERRUPTED, "interrupted");
			vim_watch_report(watch, i, EVENT_STARTED, NULL);
			r = local_destroy_one(local, &records, objects[i], &one);
			vim_watch_report(watch, i, r < 0 ? EVENT_FAILURE : EVENT_SUCCESS, one.text);
			if (r < 0 && first == 0)
				first = err_pass(err, &one, "delete %s \"%s\"",
						 vim_kind_name(objects[i]->kind), objects[i]->name);
		}
	}
	return first;
}

static int local_release(struct vim *vim, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_free char *name = netns_name(vim->tenant, vim->deployment);

	int r = store_lock(&local->store, err);
	if (r < 0)
		return r;
	cleanup_close_fn(&local->netns);
	local->netns = -1;
	if (store_find_netns(&local->store, name, NULL) == 0) {
		r = netns_delete(name, err);
		if (r < 0)
			return r;
		store_remove_netns(&local->store, name);
	}
	return store_remove(&local->store, err);
}

/* For a change: takes the lock. */
static int find_port(struct local *local, const char *server_name, const char *port_name,
		     struct records *records, struct record **ret_server, struct record **ret_port,
		     struct err *err)
{
	int r = find_server(local, server_name, records, ret_server, err);

	if (r == 0)
		r = store_lock(&local->store, err);
	if (r < 0)
		return r;
	*ret_port = records_find(records, VIM_PORT, port_name);
	return *ret_port ? 0 : err_set(err, NOT_FOUND, "no port \"%s\"", port_name);
}

static int local_set_link(struct vim *vim, const char *server_name, const char *port_name, bool up,
			  struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server, *port;

	int r = find_port(local, server_name, port_name, &records, &server, &port, err);
	return r < 0 ? r : server_set_link(local, server, port, up, err);
}

static int local_set_path(struct vim *vim, const char *server_name, const char *port_name,
			  bool whole, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server, *port;
	struct segment_uplink uplink;

	netlink_close(steal_ptr(local->blackhole));
	int r = find_port(local, server_name, port_name, &records, &server, &port, err);
	if (r == 0)
		r = net_port_uplink(&records, port, &uplink, err);
	if (r == 0)
		r = local_netns(local, false, err);
	if (r < 0)
		return r;
	return whole ? 0
		     : blackhole_veth(local->netns, uplink.up, uplink.down, &local->blackhole, err);
}

static int local_console(struct vim *vim, const char *server_name, char **ret_text, struct err *err)
{
	struct local *local = local_of(vim);
	cleanup_records struct records records = {0};
	struct record *server;

	int r = find_server(local, server_name, &records, &server, err);
	return r < 0 ? r : server_console(local, server, ret_text, err);
}

static int local_socket(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	struct local *local = local_of(vim);

	int r = local_netns(local, false, err);
	return r < 0 ? r : netns_socket(local->netns, domain, type, protocol, err);
}

const struct vim_ops vim_local = {
	.name = "local",
	.open = local_open,
	.close = local_close,
	.deployments = local_deployments,
	.servers = local_servers,
	.list = local_list,
	.admit = local_admit,
	.facts = local_facts,
	.create = local_create,
	.change = local_change,
	.settle = local_settle,
	.power = local_power,
	.server = local_server,
	.destroy = local_destroy,
	.release = local_release,
	.set_link = local_set_link,
	.set_path = local_set_path,
	.console = local_console,
	.socket = local_socket,
};
