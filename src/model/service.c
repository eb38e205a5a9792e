// SPDX-License-Identifier: Apache-2.0
#include "model/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"
#include "net/ip.h"

const struct bond *service_bond(const struct vm_group *group)
{
	return group->guest.n_bonds ? &group->guest.bonds[0] : NULL;
}

/* The address without its prefix length, if it is one, once. */
static void add_address(char ***v, size_t *n, const char *text)
{
	char *address = xstrndup(text, strcspn(text, "/"));

	if (ip_version_of(address) && !str_in(address, *v, *n))
		*array_push(*v, *n) = address;
	else
		free(address);
}

static void add_interface(char ***v, size_t *n, const struct interface *i)
{
	if (i->ip_address)
		add_address(v, n, i->ip_address);
	for (size_t a = 0; a < i->n_addresses; a++)
		if (i->addresses[a].ip_address)
			add_address(v, n, i->addresses[a].ip_address);
}

void service_addresses(const struct vm_group *group, unsigned index, char ***ret_addresses,
		       size_t *ret_n)
{
	const struct bond *bond = service_bond(group);
	const char *management = service_management_address(group, index);
	char **v = NULL;
	size_t n = 0;

	*ret_addresses = NULL;
	*ret_n = 0;
	if (index > 0) { /* what a bond has, their day-0 alone knows */
		for (size_t i = 0; !bond && i < group->n_interfaces; i++)
			if (group->interfaces[i].type == PORT_DIRECT &&
			    interface_address(&group->interfaces[i], index))
				add_address(&v, &n,
					    interface_address(&group->interfaces[i], index));
		*ret_addresses = v;
		*ret_n = n;
		return;
	}
	for (size_t i = 0; bond && i < bond->addresses.n; i++)
		add_address(&v, &n, bond->addresses.v[i]);
	for (size_t i = 0; bond && i < bond->n_vlans; i++)
		for (size_t a = 0; a < bond->vlans[i].addresses.n; a++)
			add_address(&v, &n, bond->vlans[i].addresses.v[a]);
	if (n == 0)
		for (size_t i = 0; i < group->n_interfaces; i++)
			if (group->interfaces[i].type == PORT_DIRECT)
				add_interface(&v, &n, &group->interfaces[i]);
	if (n == 0 && management)
		add_address(&v, &n, management);
	*ret_addresses = v;
	*ret_n = n;
}

void service_addresses_free(char **addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(addresses[i]);
	free(addresses);
}

const char *service_management_address(const struct vm_group *group, unsigned index)
{
	const struct interface *i = vm_group_interface(group, vm_group_management_nicid(group));

	return i ? interface_address(i, index) : NULL;
}

const char *service_query_name(const struct deployment *deployment, const struct vm_group *group)
{
	const char *name = model_option(deployment, group, "dns_query");

	return name ? name : ".";
}
