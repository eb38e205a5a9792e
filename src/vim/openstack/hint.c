// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include <string.h>

#include "base/alloc.h"

/* By the services' own words (Zed): neutron_lib/exceptions, nova/exception.py. */
static const struct {
	enum vim_kind kind;
	long status;
	const char *words; /* in the message; "" is any */
	const char *hint;
} table[] = {
	{VIM_NETWORK, 409, "uota",
	 "raise the project's quota of networks, or undeploy a deployment"},
	{VIM_SUBNET, 409, "uota", "raise the project's quota of subnets, or undeploy a deployment"},
	{VIM_PORT, 409, "uota", "raise the project's quota of ports, or undeploy a deployment"},
	{VIM_SERVER, 403, "uota",
	 "raise the project's quota (openstack quota set), or undeploy a deployment: servers in "
	 "ERROR count too"},
	{VIM_IMAGE, 413, "uota", "raise the quota of images, or delete some"},
	{VIM_NETWORK, 409, "VLAN",
	 "set another provider_segmentation_id, or remove the network's definition and add the "
	 "network that has this VLAN to existing_networks"},
	{VIM_NETWORK, 400, "hysical",
	 "provider_physical_network must be in network_vlan_ranges or flat_networks of Neutron's "
	 "ml2_conf.ini: ask the cloud's operator for the names"},
	{VIM_NETWORK, 400, "segmentation",
	 "use a VLAN id from 1 to 4094 in Neutron's network_vlan_ranges"},
	{VIM_NETWORK, 400, "port_security_enabled",
	 "a network without a subnet is created without port security, for which ML2 needs the "
	 "extension driver port_security (extension_drivers in ml2_conf.ini): load it, or give the "
	 "network a subnet"},
	{VIM_NETWORK, 403, "",
	 "physical network, VLAN and shared require the role admin: have an admin create the "
	 "network and add it to existing_networks, or deploy with admin credentials"},
	{VIM_FLAVOR, 403, "",
	 "creating flavors requires the role admin: have an admin create this one with its extra "
	 "specs, and remove its definition from the descriptor"},
	{VIM_FLAVOR, 400, "",
	 "correct the extra spec: Nova validates names and values of hw: extra specs"},
	{VIM_PORT, 409, "",
	 "another port has this address: find it with 'openstack port list --fixed-ip "
	 "ip-address=ADDRESS'"},
	{VIM_PORT, 403, "",
	 "binding:profile (trusted) and fixed addresses on other projects' networks require the "
	 "role admin"},
	{VIM_SERVER, 400, "resource request",
	 "files on the config drive need microversion 2.56, and ports with a guaranteed bandwidth "
	 "2.72: give the files an absolute dst, or remove the QoS policy of the port's network"},
	{VIM_SERVER, 400, "requires a FixedIP",
	 "the port's network has no subnet: give it one, or have the cloud's operator enable "
	 "Neutron's service plugin segments, without which Nova takes no port without an address"},
	{VIM_SERVER, 400, "and subnet associated",
	 "the port's network has port security and no subnet: give it a subnet, or disable port "
	 "security ('openstack network set --disable-port-security')"},
	{VIM_SERVER, 400, "evenly",
	 "the flavor's vCPUs and memory must divide evenly by hw:numa_nodes, or be assigned with "
	 "hw:numa_cpus.N and hw:numa_mem.N"},
};

const char *hint_for(enum vim_kind kind, long status, const char *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].kind == kind && table[i].status == status &&
		    strstr(message ? message : "", table[i].words))
			return table[i].hint;
	return NULL;
}
