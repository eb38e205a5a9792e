// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/hint.h"

#include <string.h>

#include "base/alloc.h"

/* By the services' own words (Zed): neutron_lib/exceptions, nova/exception.py. */
static const struct {
	enum vim_kind kind;
	long status;
	const char *words; /* in the message; "" is any */
	const char *hint;
} table[] = {
	{VIM_NETWORK, 409, "uota", "raise the project's quota of networks, or undeploy something"},
	{VIM_SUBNET, 409, "uota", "raise the project's quota of subnets, or undeploy something"},
	{VIM_PORT, 409, "uota", "raise the project's quota of ports, or undeploy something"},
	{VIM_SERVER, 403, "uota",
	 "raise the project's quota (openstack quota set), or undeploy something: a server in "
	 "ERROR counts too"},
	{VIM_IMAGE, 413, "uota", "raise the quota of images, or delete some"},
	{VIM_NETWORK, 409, "VLAN",
	 "give the network another provider_segmentation_id, or do not define it and name the one "
	 "that has this VLAN in existing_networks"},
	{VIM_NETWORK, 400, "hysical",
	 "provider_physical_network is a name of network_vlan_ranges or flat_networks in Neutron's "
	 "ml2_conf.ini: ask the cloud's operator which there are"},
	{VIM_NETWORK, 400, "segmentation",
	 "a VLAN id is 1 to 4094, and in the range that Neutron has"},
	{VIM_NETWORK, 403, "",
	 "physical network, VLAN and shared are for the role admin: have an admin make the network "
	 "and name it in existing_networks, or deploy with an admin's cloud"},
	{VIM_FLAVOR, 403, "",
	 "flavors are made by the role admin: have an admin make this one, with its extra specs, "
	 "and "
	 "take its definition out of the descriptor"},
	{VIM_FLAVOR, 400, "", "Nova checks the spelling and values of hw: extra specs"},
	{VIM_PORT, 409, "",
	 "another port has this address: list it with openstack port list "
	 "--fixed-ip ip-address=ADDRESS"},
	{VIM_PORT, 403, "",
	 "binding:profile (trusted) and addresses on networks of others are for the role admin"},
	{VIM_SERVER, 400, "evenly",
	 "vCPUs and memory of the flavor have to divide by hw:numa_nodes, or be parted by "
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
