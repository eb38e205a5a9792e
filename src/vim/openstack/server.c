// SPDX-License-Identifier: Apache-2.0
/* Looking at a server and its ports: what Nova and Neutron know of where they really are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/onlink.h"

#define CONSOLE_LINES  200
#define TOPOLOGY_MINOR 78

/* Everything one look brings together. */
struct view {
	struct openstack *os;
	json_t *server, *topology, *ports, *networks, *routed, *agents;
};

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Id of our thing of that name, listing the kind when it is not known yet. */
static int find_id(struct openstack *os, enum vim_kind kind, const char *name, const char **ret,
		   struct err *err)
{
	struct thing *t = things_by_name(&os->things, kind, name, os->prefix, NULL);

	if (!t) {
		cleanup_strbuf struct strbuf query = {0};
		cleanup_free char *pattern = xasprintf("^%s$", name);
		query_add(&query, "name", kind == VIM_SERVER ? pattern : name);
		struct listing listing = {kind, strbuf_steal(&query)};
		int r = openstack_fetch(os, &listing, 1, &os->things, err);
		if (r < 0)
			return r;
		t = things_by_name(&os->things, kind, name, os->prefix, NULL);
	}
	if (!t || !t->object.owner || !str_starts(t->object.owner, os->prefix))
		return err_set(err, ENOENT, "there is no %s %s of deployment %s/%s",
			       vim_kind_name(kind), name, os->vim.tenant, os->vim.deployment);
	*ret = t->object.id;
	return 0;
}

/*
 * The API tells three classes of cause apart, by these words and no more: the reasons of filters go
 * to the scheduler's log. nova/conductor/manager.py, nova/scheduler/manager.py.
 */
static const char *meaning_of(const char *fault)
{
	if (strstr(fault, "There are not enough hosts available"))
		return "hosts have the memory and CPUs in sum, but each was refused by a filter: "
		       "too "
		       "few dedicated CPUs or pages on one NUMA node, no VF left or none on that "
		       "node, or a direct port on a network without a physical one";
	if (strstr(fault, "No valid host was found"))
		return "no host has that many CPUs or that much memory or disk in all: Placement "
		       "found none";
	if (strstr(fault, "Exceeded maximum number of retries"))
		return "hosts were chosen, and the server could not be started on any: a port that "
		       "cannot be bound (no bridge mapping for its network, agent down), or the "
		       "hypervisor refused; nova-compute's log on the host knows";
	return NULL;
}

static char *fault_of(const json_t *server)
{
	const char *message = text(json_object_get(server, "fault"), "message");
	const char *meaning = message ? meaning_of(message) : NULL;

	if (!message)
		return NULL;
	size_t len = strlen(message);
	while (len && message[len - 1] == ' ')
		len--;
	return meaning ? xasprintf("%.*s (%s)", (int)len, message, meaning)
		       : xstrndup(message, len);
}

static int64_t uptime_of(const json_t *server)
{
	const char *launched = text(server, "OS-SRV-USG:launched_at");
	struct tm tm = {0};

	if (!launched || !strptime(launched, "%Y-%m-%dT%H:%M:%S", &tm))
		return -1;
	int64_t up = (int64_t)(time(NULL) - timegm(&tm));
	return up < 0 ? 0 : up;
}

static void read_state(const json_t *server, struct vim_server_info *info)
{
	const char *status = text(server, "status");
	const char *host = text(server, "OS-EXT-SRV-ATTR:host");
	struct things one = {0};

	things_add(&one, VIM_SERVER, (json_t *)server);
	info->id = xstrdup(text(server, "id"));
	info->name = xstrdup(text(server, "name"));
	info->status = xstrdup(status ? status : "?");
	info->state = one.n ? one.v[0].object.state : VIM_STATE_BUILD;
	info->fault = fault_of(server);
	info->uptime = uptime_of(server);
	info->hypervisor = host ? xasprintf("on host %s", host) : NULL;
	things_clear(&one);
}

/* "cell 0 on host node 0, CPUs 0,1 on 2,3; ..." */
static void read_topology(const struct view *v, struct vim_server_info *info)
{
	const json_t *nodes = json_object_get(v->topology, "nodes"), *node, *host_cpu;
	cleanup_strbuf struct strbuf all = {0};
	const char *guest_cpu;
	size_t i;

	if (!v->topology) {
		info->numa_why = session_nova_minor(v->os->session) < TOPOLOGY_MINOR
					 ? xstrdup("this Nova has no /topology (microversion 2.78)")
					 : xstrdup("Nova shows no topology of it");
		return;
	}
	json_array_foreach(nodes, i, node)
	{
		cleanup_strbuf struct strbuf guest = {0}, host = {0};
		const json_t *host_node = json_object_get(node, "host_node");
		if (!json_is_integer(host_node)) {
			info->cells = (unsigned)json_array_size(nodes);
			info->numa_why =
				xstrdup("host nodes and pinning are shown to the role admin");
			return;
		}
		json_object_foreach((json_t *)json_object_get(node, "cpu_pinning"), guest_cpu,
				    host_cpu)
		{
			strbuf_addf(&guest, "%s%s", guest.len ? "," : "", guest_cpu);
			strbuf_addf(&host, "%s%lld", host.len ? "," : "",
				    (long long)json_integer_value(host_cpu));
		}
		strbuf_addf(&all, "%scell %zu on host node %lld", all.len ? "; " : "", i,
			    (long long)json_integer_value(host_node));
		if (guest.len)
			strbuf_addf(&all, ", CPUs %s pinned to %s", guest.s, host.s);
	}
	info->cells = (unsigned)json_array_size(nodes);
	info->numa = strbuf_steal(&all);
}

static const json_t *network_by_id(const struct view *v, const char *id)
{
	const json_t *network;
	size_t i;

	json_array_foreach(json_object_get(v->networks, "networks"), i, network)
	{
		if (streq(text(network, "id"), id))
			return network;
	}
	return NULL;
}

static bool has_router(const struct view *v, const char *network)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(v->routed, "ports"), i, port)
	{
		if (streq(text(port, "network_id"), network) &&
		    str_starts(text(port, "device_owner"), "network:"))
			return true;
	}
	return false;
}

/* Nobody outside of a tenant's network without a router is answered from it. */
static enum vim_reach reach_of(const struct view *v, const json_t *network,
			       const struct vim_port_info *port)
{
	const char *type = text(network, "provider:network_type");

	for (size_t i = 0; i < port->n_ip_addresses; i++)
		if (address_is_on_link(port->ip_addresses[i]))
			return VIM_REACH_YES;
	/* Types are shown to admins; a VF's network is a physical one in any case. */
	if (!type && port->type == PORT_DIRECT)
		return VIM_REACH_MAYBE;
	bool has_way_out = json_is_true(json_object_get(network, "router:external")) ||
			   json_is_true(json_object_get(network, "shared")) ||
			   streq(type, "flat") || streq(type, "vlan") ||
			   has_router(v, text(network, "id"));
	return has_way_out ? VIM_REACH_MAYBE : VIM_REACH_NO;
}

/* The PF behind a physical network on that host, as its NIC agent reports it. */
static char *pf_of(const struct view *v, const char *physical_network)
{
	const char *host = text(v->server, "OS-EXT-SRV-ATTR:host");
	const json_t *agent;
	size_t i;

	json_array_foreach(json_object_get(v->agents, "agents"), i, agent)
	{
		const json_t *mappings = json_object_get(json_object_get(agent, "configurations"),
							 "device_mappings");
		const json_t *devices =
			physical_network ? json_object_get(mappings, physical_network) : NULL;
		if (streq(text(agent, "host"), host) && json_array_size(devices) == 1)
			return xstrdup(json_string_value(json_array_get(devices, 0)));
	}
	return NULL;
}

static enum port_type type_of(const char *vnic_type)
{
	if (streq(vnic_type, "direct"))
		return PORT_DIRECT;
	if (streq(vnic_type, "direct-physical"))
		return PORT_PASSTHRU;
	return streq(vnic_type, "macvtap") ? PORT_MACVTAP : PORT_VIRTUAL;
}

/* 1, 0; -1 when the key is not there. */
static int tristate(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_boolean(value) ? json_boolean_value(value) : -1;
}

/* Its nicid is the last part of the mark; of a port that is not ours, its place in the list. */
static unsigned nicid_of(const json_t *port, size_t place)
{
	cleanup_free char *owner = NULL, *digest = NULL;
	int64_t nicid = (int64_t)place;

	thing_parse_mark(text(port, "description"), &owner, &digest);
	const char *last = owner ? strrchr(owner, '/') : NULL;
	if (last)
		(void)str_to_int(last + 1, 0, 255, &nicid);
	return (unsigned)nicid;
}

static void read_port(const struct view *v, const json_t *port, size_t place,
		      struct vim_port_info *p)
{
	const json_t *network = network_by_id(v, text(port, "network_id"));
	const json_t *profile = json_object_get(port, "binding:profile"), *fixed;
	const char *physical = text(profile, "physical_network");
	size_t i;

	if (!physical)
		physical = text(network, "provider:physical_network");
	*p = (struct vim_port_info){
		.id = xstrdup(text(port, "id")),
		.name = xstrdup(text(port, "name")),
		.nicid = nicid_of(port, place),
		.type = type_of(text(port, "binding:vnic_type")),
		.network = xstrdup(text(network, "name")),
		.mac_address = xstrdup(text(port, "mac_address")),
		.physical_network = xstrdup(physical),
		.host_device = xstrdup(text(profile, "pci_slot")),
		.numa_node = -1,
		.link_up = json_is_true(json_object_get(port, "admin_state_up")),
		.status = xstrdup(text(port, "status")),
		.vif_type = xstrdup(text(port, "binding:vif_type")),
		.propagate_uplink_status = tristate(port, "propagate_uplink_status"),
		.port_security = tristate(port, "port_security_enabled"),
		.mtu = (unsigned)json_integer_value(json_object_get(network, "mtu")),
	};
	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
	{
		if (text(fixed, "ip_address"))
			*array_push(p->ip_addresses, p->n_ip_addresses) =
				xstrdup(text(fixed, "ip_address"));
	}
	p->pf = p->type == PORT_DIRECT ? pf_of(v, physical) : NULL;
	p->reach = network ? reach_of(v, network, p) : VIM_REACH_MAYBE;
}

static int by_nicid(const void *a, const void *b)
{
	const struct vim_port_info *p = a, *q = b;

	return (p->nicid > q->nicid) - (p->nicid < q->nicid);
}

static void read_ports(const struct view *v, struct vim_server_info *info)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(v->ports, "ports"), i, port)
		read_port(v, port, i, array_push(info->ports, info->n_ports));
	if (info->n_ports)
		qsort(info->ports, info->n_ports, sizeof(*info->ports), by_nicid);
}

/* Sends a GET for later; its answer goes to *ret, and NULL when it was refused. */
struct question {
	struct call *call;
	json_t **ret;
	bool must; /* a refusal is an error, not an absence */
};

static int ask(struct openstack *os, struct question *q, size_t n, struct err *err)
{
	cleanup_free struct call **calls = xcalloc(n, sizeof(struct call *));
	int r = 0;

	for (size_t i = 0; i < n; i++)
		calls[i] = q[i].call;
	(void)session_calls(os->session, calls, n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (calls[i]->result == 0)
			*q[i].ret = json_incref(calls[i]->answer);
		else if (r == 0 && (q[i].must || calls[i]->status == 0))
			r = err_set(err, calls[i]->result, "%s", calls[i]->err.text);
		call_free(calls[i]);
	}
	return r;
}

static struct call *get(enum service service, char *path)
{
	return call_new(service, "GET", path, NULL);
}

/* The networks of the ports, their routers, and the host's PFs. */
static int ask_networks(struct view *v, struct err *err)
{
	cleanup_strbuf struct strbuf networks = {0}, routed = {0};
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(v->ports, "ports"), i, port)
	{
		const char *id = text(port, "network_id");
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
	return ask(v->os, questions, ARRAY_SIZE(questions), err);
}

static int look_at_all(struct view *v, const char *id, struct err *err)
{
	json_t *whole = NULL;
	struct question questions[] = {
		{get(SERVICE_COMPUTE, xasprintf("/servers/%s", id)), &whole, true},
		{get(SERVICE_NETWORK, xasprintf("/ports?device_id=%s", id)), &v->ports, true},
		{get(SERVICE_COMPUTE, xasprintf("/servers/%s/topology", id)), &v->topology, false},
	};
	int r = ask(v->os, questions, ARRAY_SIZE(questions), err);

	v->server = json_incref(json_object_get(whole, "server"));
	json_decref(whole);
	return r < 0 ? r : ask_networks(v, err);
}

int openstack_server(struct vim *vim, const char *server_name, enum vim_look look,
		     struct vim_server_info *ret, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	struct view v = {.os = os};
	const char *id;
	int r = openstack_login(os, err);

	if (r == 0)
		r = find_id(os, VIM_SERVER, server_name, &id, err);
	if (r < 0)
		return r;
	if (look == VIM_LOOK_ALL) {
		r = look_at_all(&v, id, err);
	} else {
		json_t *whole = NULL;
		r = session_call(os->session, SERVICE_COMPUTE, "GET", xasprintf("/servers/%s", id),
				 NULL, &whole, err);
		v.server = json_incref(json_object_get(whole, "server"));
		json_decref(whole);
	}
	if (r == 0 && !v.server)
		r = err_set(err, EPROTO, "Nova's answer holds no server %s", server_name);
	if (r == 0) {
		*ret = (struct vim_server_info){0};
		read_state(v.server, ret);
		/* Of a server that found no host, /topology shows what was asked for. */
		if (look == VIM_LOOK_ALL && ret->state != VIM_STATE_ERROR)
			read_topology(&v, ret);
		if (look == VIM_LOOK_ALL)
			read_ports(&v, ret);
	}
	json_decref(v.server);
	json_decref(v.topology);
	json_decref(v.ports);
	json_decref(v.networks);
	json_decref(v.routed);
	json_decref(v.agents);
	return r;
}

int openstack_set_link(struct vim *vim, const char *server_name, const char *port_name, bool up,
		       struct err *err)
{
	struct openstack *os = openstack_of(vim);
	const char *id;
	int r = openstack_login(os, err);

	(void)server_name;
	if (r == 0)
		r = find_id(os, VIM_PORT, port_name, &id, err);
	if (r < 0)
		return r;
	/* Neutron's agent sets the VF's link state: `disable` when the port is down. */
	return session_call(os->session, SERVICE_NETWORK, "PUT", xasprintf("/ports/%s", id),
			    json_pack("{s:{s:b}}", "port", "admin_state_up", up), NULL, err);
}

int openstack_console(struct vim *vim, const char *server_name, char **ret_text, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	json_t *answer = NULL;
	const char *id;
	int r = openstack_login(os, err);

	if (r == 0)
		r = find_id(os, VIM_SERVER, server_name, &id, err);
	if (r == 0)
		r = session_call(
			os->session, SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/action", id),
			json_pack("{s:{s:i}}", "os-getConsoleOutput", "length", CONSOLE_LINES),
			&answer, err);
	if (r == 0)
		*ret_text = xstrdup(text(answer, "output") ? text(answer, "output") : "");
	json_decref(answer);
	return r;
}
