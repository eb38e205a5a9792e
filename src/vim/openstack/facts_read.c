// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/server_info.h"

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "placement/facts.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

void facts_read_port(const json_t *port, struct cloud_facts *facts)
{
	const char *host = text(port, "binding:host_id");
	const char *slot = text(json_object_get(port, "binding:profile"), "pci_slot");

	if (!host || !*host || !slot)
		return;
	struct host_facts *h = facts_host(facts, host);
	strv_add(&h->vfs_in_use, slot);
}

void facts_read_agent(const json_t *agent, struct cloud_facts *facts)
{
	const json_t *configurations = json_object_get(agent, "configurations"), *pf, *value;
	const char *host = text(agent, "host"), *type = text(agent, "agent_type"), *physnet;
	size_t i;

	if (!host || !json_is_true(json_object_get(agent, "alive")))
		return;
	struct host_facts *h = facts_host(facts, host);
	if (streq(type, "NIC Switch agent")) {
		h->has_nic_agent = true;
		json_object_foreach ((json_t *)json_object_get(configurations, "device_mappings"),
				     physnet, value) {
			json_array_foreach (value, i, pf) {
				if (!json_is_string(pf))
					continue;
				struct nic_mapping *d = array_push(h->devices, h->n_devices);
				d->physnet = xstrdup(physnet);
				d->pf = xstrdup(json_string_value(pf));
			}
		}
	} else if (streq(type, "Open vSwitch agent")) {
		h->has_switch_agent = true;
		json_object_foreach ((json_t *)json_object_get(configurations, "bridge_mappings"),
				     physnet, value) {
			strv_add(&h->bridges, physnet);
		}
	}
}

void facts_read_topology(const json_t *topology, struct host_facts *h)
{
	const json_t *cpu;
	const char *vcpu;

	json_for_each (node, json_object_get(topology, "nodes")) {
		const json_t *id = json_object_get(node, "host_node");
		json_object_foreach ((json_t *)json_object_get(node, "cpu_pinning"), vcpu, cpu) {
			json_int_t number = json_integer_value(cpu);
			if (json_is_integer(id) && number >= 0 && number < CPUSET_MAX)
				*array_push(h->pins, h->n_pins) = (struct pinned_cpu){
					(int)json_integer_value(id), (unsigned)number};
		}
	}
}
