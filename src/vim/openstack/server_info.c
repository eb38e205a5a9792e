// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/server_info.h"

#include <linux/netlink.h>
#include <time.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "net/ip.h"
#include "net/rtnl.h"
#include "vim/openstack/resource.h"

#define TOPOLOGY_MINOR 78

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/*
 * The API distinguishes only three classes of cause, by these messages: the filters' reasons are in
 * the scheduler's log. nova/conductor/manager.py, nova/scheduler/manager.py. The first match
 * counts: Nova puts "No valid host was found" in front of the second sentence.
 */
static const struct {
	const char *words;
	enum vim_fault class;
	const char *meaning;
} fault_table[] = {
	{"There are not enough hosts available", VIM_FAULT_FILTERED,
	 "hosts have enough memory and CPUs in total, but a filter rejected each: too few "
	 "dedicated CPUs or pages on one NUMA node, no free VF (on that node), or a direct port on "
	 "a network without a physical network"},
	{"No valid host was found", VIM_FAULT_TOTALS,
	 "Placement found no host with enough CPUs, memory or disk in total, or none with a trait "
	 "that the flavor requires (hw:cpu_thread_policy=require: threads)"},
	{"Exceeded maximum number of retries", VIM_FAULT_ON_HOST,
	 "hosts were selected, but none could start the server: a port cannot be bound (no bridge "
	 "mapping for its network, agent down), or the hypervisor refused; see nova-compute's log "
	 "on the host"},
};

static void read_fault(const json_t *server, struct vim_server_info *info)
{
	cleanup_free char *message = json_try_text(json_object_get(server, "fault"), "message");
	const char *meaning = NULL;

	if (!message)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fault_table) && !meaning; i++)
		if (strstr(message, fault_table[i].words)) {
			info->fault_class = fault_table[i].class;
			meaning = fault_table[i].meaning;
		}
	int len = (int)strlen(message);
	while (len && message[len - 1] == ' ')
		len--;
	info->fault = meaning ? xasprintf("%.*s (%s)", len, message, meaning)
			      : xasprintf("%.*s", len, message);
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

/* nova/objects/fields.py, InstancePowerState; Nova asks the hypervisor every ten minutes and at the
 * end of each task (nova/compute/manager.py, _sync_power_states). */
static const char *power_state_of(const json_t *server)
{
	static const char *const names[] = {[1] = "running",
					    [3] = "paused",
					    [4] = "shutdown",
					    [6] = "crashed",
					    [7] = "suspended"};
	int64_t state = json_try_int64(server, "OS-EXT-STS:power_state");

	return state >= 0 && state < (int64_t)ARRAY_SIZE(names) ? names[state] : NULL;
}

static void read_state(const json_t *server, struct vim_server_info *info)
{
	const char *status = text(server, "status");
	const char *host = text(server, "OS-EXT-SRV-ATTR:host");
	struct resources one = {0};

	resources_add(&one, VIM_SERVER, (json_t *)server);
	info->id = xstrdup(text(server, "id"));
	info->name = json_try_text(server, "name");
	info->state = one.n ? one.v[0].object.state : VIM_STATE_BUILD;
	info->status = xstrdup(info->state == VIM_STATE_DELETING ? vim_state_name(info->state)
			       : status                          ? status
								 : "?");
	read_fault(server, info);
	info->power_state = xstrdup(power_state_of(server));
	info->task = json_try_text(server, "OS-EXT-STS:task_state");
	info->locked = json_try_bool(server, "locked");
	info->locked_reason = json_try_text(server, "locked_reason");
	info->host = host && *host ? json_try_text(server, "OS-EXT-SRV-ATTR:host") : NULL;
	/* "": it is on no host */
	if (!streq(text(server, "host_status"), ""))
		info->host_status = json_try_text(server, "host_status");
	info->updated = json_try_text(server, "updated");
	info->uptime = uptime_of(server);
	info->hypervisor = host ? xasprintf("on host %s", host) : NULL;
	resources_clear(&one);
}

/* "cell 0 on host node 0, CPUs 0,1 on 2,3; ..." */
static void read_topology(const struct server_view *v, struct vim_server_info *info)
{
	const json_t *nodes = json_object_get(v->topology, "nodes"), *node, *host_cpu;
	cleanup_strbuf struct strbuf all = {0};
	const char *guest_cpu;
	size_t i;

	if (!v->topology) {
		info->numa_why = v->nova_minor < TOPOLOGY_MINOR
					 ? xstrdup("this Nova lacks /topology (microversion 2.78)")
					 : xstrdup("Nova shows no topology of it");
		return;
	}
	json_array_foreach (nodes, i, node) {
		cleanup_strbuf struct strbuf guest = {0}, host = {0};
		const json_t *host_node = json_object_get(node, "host_node");
		if (!json_is_integer(host_node)) {
			info->cells = (unsigned)json_array_size(nodes);
			info->numa_why = xstrdup(
				"host nodes and pinning are visible to the role admin only");
			return;
		}
		json_object_foreach ((json_t *)json_object_get(node, "cpu_pinning"), guest_cpu,
				     host_cpu) {
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

static const json_t *network_by_id(const struct server_view *v, const char *id)
{
	json_for_each (network, json_object_get(v->networks, "networks")) {
		if (streq(text(network, "id"), id))
			return network;
	}
	return NULL;
}

static bool has_router(const struct server_view *v, const char *network)
{
	json_for_each (port, json_object_get(v->routed, "ports")) {
		if (streq(text(port, "network_id"), network) && text(port, "device_owner") &&
		    str_starts(text(port, "device_owner"), "network:"))
			return true;
	}
	return false;
}

static void take_route_len(void *data, const struct nlmsghdr *m)
{
	int *len = data;

	if (*len < 0)
		*len = rtnl_read_route_len(m);
}

/* A route of this machine to the address, other than the default one: somebody set it on purpose.
 */
static bool has_own_route(const struct ip_addr *ip)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_netlink struct netlink *nl = NULL;
	int len = -1;

	return netlink_open(NETLINK_ROUTE, &nl, NULL) == 0 &&
	       netlink_request(nl, rtnl_put_route_to(buf, ip), take_route_len, &len, NULL) == 0 &&
	       len > 0;
}

/* A tenant network without a router is not reachable from outside, but by a route of one's own. */
static enum vim_reach reach_of(const struct server_view *v, const json_t *network,
			       const struct vim_port_info *port)
{
	const char *type = text(network, "provider:network_type");
	bool routed = false;

	for (size_t i = 0; i < port->ip_addresses.n; i++) {
		struct ip_addr ip;
		if (!ip_parse(port->ip_addresses.v[i], &ip))
			continue;
		if (ip_is_local(&ip))
			return VIM_REACH_YES;
		routed |= has_own_route(&ip);
	}
	if (routed)
		return VIM_REACH_MAYBE;
	/* Types are visible to admins only; a VF's network is always a physical one. */
	if (!type && port->type == PORT_DIRECT)
		return VIM_REACH_MAYBE;
	bool has_way_out = json_is_true(json_object_get(network, "router:external")) ||
			   json_is_true(json_object_get(network, "shared")) ||
			   streq(type, "flat") || streq(type, "vlan") ||
			   has_router(v, text(network, "id"));
	return has_way_out ? VIM_REACH_MAYBE : VIM_REACH_NO;
}

/* The PF behind a physical network on that host, as its NIC agent reports it. */
static char *pf_of(const struct server_view *v, const char *physical_network)
{
	const char *host = text(v->server, "OS-EXT-SRV-ATTR:host");

	json_for_each (agent, json_object_get(v->agents, "agents")) {
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

/* Its nicid is the last part of the mark; for a port that is not ours, its position in the list. */
static unsigned nicid_of(const json_t *port, size_t place)
{
	cleanup_free char *owner = NULL, *digest = NULL;
	int64_t nicid = (int64_t)place;

	resource_parse_mark(text(port, "description"), &owner, &digest);
	const char *last = owner ? strrchr(owner, '/') : NULL;
	if (last)
		(void)str_to_int(last + 1, 0, 255, &nicid);
	return (unsigned)nicid;
}

static void read_port(const struct server_view *v, const json_t *port, size_t place,
		      struct vim_port_info *p)
{
	const json_t *network = network_by_id(v, text(port, "network_id"));
	const json_t *profile = json_object_get(port, "binding:profile");
	const char *physical = text(profile, "physical_network");

	if (!physical)
		physical = text(network, "provider:physical_network");
	*p = (struct vim_port_info){
		.id = xstrdup(text(port, "id")),
		.name = json_try_text(port, "name"),
		.nicid = nicid_of(port, place),
		.type = type_of(text(port, "binding:vnic_type")),
		.network = json_try_text(network, "name"),
		.mac_address = xstrdup(text(port, "mac_address")),
		.physical_network = xstrdup(physical),
		.host_device = xstrdup(text(profile, "pci_slot")),
		.numa_node = -1,
		.link_up = json_is_true(json_object_get(port, "admin_state_up")),
		.status = xstrdup(text(port, "status")),
		.vif_type = xstrdup(text(port, "binding:vif_type")),
		.propagate_uplink_status = json_try_bool(port, "propagate_uplink_status"),
		.port_security = json_try_bool(port, "port_security_enabled"),
		.mtu = (unsigned)json_integer_value(json_object_get(network, "mtu")),
	};
	json_for_each (fixed, json_object_get(port, "fixed_ips")) {
		if (text(fixed, "ip_address"))
			strv_add(&p->ip_addresses, text(fixed, "ip_address"));
	}
	json_for_each (group, json_object_get(port, "security_groups")) {
		if (json_is_string(group))
			strv_add(&p->security_groups, json_string_value(group));
	}
	p->pf = p->type == PORT_DIRECT ? pf_of(v, physical) : NULL;
	p->reach = network ? reach_of(v, network, p) : VIM_REACH_MAYBE;
}

static int by_nicid(const void *a, const void *b)
{
	const struct vim_port_info *p = a, *q = b;

	return (p->nicid > q->nicid) - (p->nicid < q->nicid);
}

static void read_ports(const struct server_view *v, struct vim_server_info *info)
{
	const json_t *port;
	size_t i;

	json_array_foreach (json_object_get(v->ports, "ports"), i, port)
		read_port(v, port, i, array_push(info->ports, info->n_ports));
	if (info->n_ports)
		qsort(info->ports, info->n_ports, sizeof(*info->ports), by_nicid);
}

static void read_action(const json_t *actions, struct vim_server_info *info)
{
	const json_t *last = json_array_get(json_object_get(actions, "instanceActions"), 0);

	info->action = json_try_text(last, "action");
	info->action_user = json_try_text(last, "user_id");
	info->action_at = json_try_text(last, "start_time");
}

void server_info_read(const struct server_view *v, enum vim_look look, struct vim_server_info *ret)
{
	*ret = (struct vim_server_info){0};
	read_state(v->server, ret);
	if (look == VIM_LOOK_STATE)
		return;
	/* For a server without a host, /topology shows the request. */
	if (ret->state != VIM_STATE_ERROR)
		read_topology(v, ret);
	read_action(v->actions, ret);
	read_ports(v, ret);
}

void server_view_clear(struct server_view *v)
{
	json_decref(v->server);
	json_decref(v->topology);
	json_decref(v->actions);
	json_decref(v->ports);
	json_decref(v->networks);
	json_decref(v->routed);
	json_decref(v->agents);
	*v = (struct server_view){0};
}
