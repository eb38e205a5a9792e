// SPDX-License-Identifier: Apache-2.0
#include "model/service.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"
#include "net/ip.h"

const struct bond *service_bond(const struct vm_group *group)
{
	return group->guest.n_bonds ? &group->guest.bonds[0] : NULL;
}

bool service_has_bondd(const struct deployment *deployment, const struct vm_group *group)
{
	return !streq(model_option(deployment, group, "guest_agent"), "none");
}

/* The address without its prefix length, if it is one, once. */
static void add_address(struct strv *l, const char *text)
{
	cleanup_free char *address = xstrndup(text, strcspn(text, "/"));

	if (ip_version_of(address) && !strv_contains(l, address))
		strv_take(l, steal_ptr(address));
}

static void add_interface(struct strv *l, const struct interface *i)
{
	if (i->ip_address)
		add_address(l, i->ip_address);
	for (size_t a = 0; a < i->n_addresses; a++)
		if (i->addresses[a].ip_address)
			add_address(l, i->addresses[a].ip_address);
}

void service_addresses(const struct vm_group *group, unsigned index, struct strv *l)
{
	const struct bond *bond = service_bond(group);
	const char *management = service_management_address(group, index);

	if (index > 0) { /* only their day-0 has the addresses of a bond */
		for (size_t i = 0; !bond && i < group->n_interfaces; i++)
			if (group->interfaces[i].type == PORT_DIRECT &&
			    interface_address(&group->interfaces[i], index))
				add_address(l, interface_address(&group->interfaces[i], index));
		return;
	}
	for (size_t i = 0; bond && i < bond->addresses.n; i++)
		add_address(l, bond->addresses.v[i]);
	for (size_t i = 0; bond && i < bond->n_vlans; i++)
		for (size_t a = 0; a < bond->vlans[i].addresses.n; a++)
			add_address(l, bond->vlans[i].addresses.v[a]);
	if (l->n == 0)
		for (size_t i = 0; i < group->n_interfaces; i++)
			if (group->interfaces[i].type == PORT_DIRECT)
				add_interface(l, &group->interfaces[i]);
	if (l->n == 0 && management)
		add_address(l, management);
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
