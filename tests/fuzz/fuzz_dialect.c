// SPDX-License-Identifier: Apache-2.0
/*
 * The network dialects of day-0 one by one (nmcli and ip commands, ifcfg and route files, netplan,
 * cloud-init's), then the design rules on what they set up. An input is files with a form feed
 * between: a line with the path in the guest, then the content.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "check/check.h"
#include "day0/link.h"
#include "day0/readers.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_port(struct vm_group *group, enum port_type type, const char *network,
		     const char *mac)
{
	struct interface *port = array_push(group->interfaces, group->n_interfaces);

	port->nicid = (unsigned)group->n_interfaces - 1;
	port->type = type;
	port->network = xstrdup(network);
	port->mac_address = xstrdup(mac);
	port->ip_address = xstrdup("172.16.1.10");
	port->port_security_enabled = TRI_UNKNOWN;
	port->admin_state_up = true;
}

static struct network *add_network(struct deployment *deployment, const char *name,
				   const char *physnet)
{
	struct network *n = array_push(deployment->networks, deployment->n_networks);
	struct subnet *subnet = array_push(n->subnets, n->n_subnets);

	n->name = xstrdup(name);
	n->provider_network_type = xstrdup(physnet ? "vlan" : "vxlan");
	n->provider_physical_network = xstrdup(physnet);
	subnet->name = xstrdup("subnet");
	subnet->ip_version = 4;
	subnet->address = xstrdup("172.16.1.0");
	subnet->prefix = 24;
	subnet->gateway = xstrdup("172.16.1.1");
	return n;
}

/* A VM with a virtual and two direct ports, one of them bound by MAC. */
static struct model *make_model(struct vm_group **ret_group)
{
	struct model *model = model_new("dep.xml");
	struct tenant *tenant = array_push(model->tenants, model->n_tenants);
	struct deployment *deployment = array_push(tenant->deployments, tenant->n_deployments);
	struct vm_group *group = array_push(deployment->vm_groups, deployment->n_vm_groups);

	tenant->name = xstrdup("tenant");
	deployment->name = xstrdup("deployment");
	add_network(deployment, "management", NULL);
	add_network(deployment, "service-1", "sriov0")->provider_segmentation_id = 101;
	add_network(deployment, "service-2", "sriov1")->provider_segmentation_id = 102;
	group->name = xstrdup("group");
	group->scaling.max_active = 1;
	add_port(group, PORT_VIRTUAL, "management", NULL);
	add_port(group, PORT_DIRECT, "service-1", "fa:16:3e:10:00:01");
	add_port(group, PORT_DIRECT, "service-2", NULL);
	*ret_group = group;
	return model;
}

static void read_file(const char *s, size_t len, struct guest_links *links,
		      struct findings *findings)
{
	const char *nl = memchr(s, '\n', len);
	cleanup_free char *path = xstrndup(s, nl ? (size_t)(nl - s) : len);
	cleanup_text struct text text = {0};

	text_init(&text, "day0", nl ? nl + 1 : "", nl ? len - (size_t)(nl + 1 - s) : 0, 1);
	if (streq(path, "--user-data"))
		user_data_read(&text, links, findings);
	else
		configuration_read(path, &text, links, findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_findings struct findings findings = {0};
	cleanup_free char *copy = xmemdup(data, size);
	struct guest_links links = {0};
	struct vm_group *group;
	cleanup_model struct model *model = make_model(&group);

	for (char *s = copy, *end = copy + size; s < end;) {
		char *feed = memchr(s, '\f', (size_t)(end - s));
		read_file(s, (size_t)((feed ? feed : end) - s), &links, &findings);
		s = feed ? feed + 1 : end;
	}
	links_resolve(&links, &group->guest, &findings);
	links_clear(&links);
	check_design(model, &findings);
	findings_sort(&findings);
	return 0;
}
