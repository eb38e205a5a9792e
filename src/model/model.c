// SPDX-License-Identifier: Apache-2.0
#include "model/model.h"

struct model *model_new(const char *file)
{
	struct model *model = xcalloc(1, sizeof(*model));

	model->file = xstrdup(file);
	return model;
}

static void properties_clear(struct properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free_all(p->v[i].name, p->v[i].value);
	}
	free(p->v);
}

static void extensions_free(struct extension *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		properties_clear(&v[i].properties);
	}
	free(v);
}

static void locator_clear(struct locator *l)
{
	free_all(l->vim_id, l->vim_project, l->vim_region);
}

static void networks_free(struct network *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < v[i].n_subnets; j++) {
			free_all(v[i].subnets[j].name, v[i].subnets[j].address,
				 v[i].subnets[j].gateway);
		}
		free_all(v[i].subnets, v[i].name, v[i].provider_network_type,
			 v[i].provider_physical_network);
	}
	free(v);
}

void interface_clear(struct interface *i)
{
	free_all(i->network, i->subnet, i->ip_address, i->mac_address, i->model,
		 i->vim_interface_name);
	for (size_t j = 0; j < i->n_addresses; j++) {
		free_all(i->addresses[j].subnet, i->addresses[j].ip_address);
	}
	free(i->addresses);
	strv_clear(&i->pool_addresses);
	for (size_t j = 0; j < i->n_allowed_address_pairs; j++) {
		free_all(i->allowed_address_pairs[j].ip_address,
			 i->allowed_address_pairs[j].netmask);
	}
	free(i->allowed_address_pairs);
	strv_clear(&i->security_groups);
}

static void kpi_clear(struct kpi *k)
{
	free_all(k->event_name, k->metric_value, k->metric_cond, k->metric_type, k->collector_type,
		 k->polling_unit);
}

static void scaling_clear(struct scaling *s)
{
	for (size_t i = 0; i < s->n_pools; i++) {
		free_all(s->pools[i].network, s->pools[i].gateway, s->pools[i].netmask,
			 s->pools[i].range_start, s->pools[i].range_end);
	}
	free(s->pools);
}

static void placement_clear(struct placement *p)
{
	free_all(p->type, p->enforcement, p->zone, p->host);
	strv_clear(&p->vm_group_refs);
}

void configuration_clear(struct configuration *c)
{
	free_all(c->dst, c->file, c->data, c->path, c->content);
	for (size_t i = 0; i < c->n_variables; i++) {
		free(c->variables[i].name);
		strv_clear(&c->variables[i].values);
	}
	free(c->variables);
}

void drive_file_clear(struct drive_file *file)
{
	free_all(file->path, file->content);
}

bool configuration_on_drive(const struct configuration *c)
{
	return c->dst && *c->dst && c->dst[0] != '/' && !str_starts(c->dst, "--");
}

static void vm_group_clear(struct vm_group *g)
{
	free(g->name);
	locator_clear(&g->locator);
	free_all(g->image, g->flavor, g->vim_vm_name);
	array_free(g->interfaces, g->n_interfaces, interface_clear);
	array_free(g->kpis, g->n_kpis, kpi_clear);
	for (size_t i = 0; i < g->n_rules; i++) {
		free(g->rules[i].event_name);
		strv_clear(&g->rules[i].actions);
	}
	free(g->rules);
	scaling_clear(&g->scaling);
	array_free(g->placements, g->n_placements, placement_clear);
	array_free(g->configurations, g->n_configurations, configuration_clear);
	extensions_free(g->extensions, g->n_extensions);
	guest_network_clear(&g->guest);
}

static void deployment_clear(struct deployment *d)
{
	free(d->name);
	locator_clear(&d->locator);
	networks_free(d->networks, d->n_networks);
	array_free(d->vm_groups, d->n_vm_groups, vm_group_clear);
	for (size_t i = 0; i < d->n_placement_groups; i++) {
		struct placement_group *p = &d->placement_groups[i];
		free_all(p->name, p->type, p->enforcement);
		strv_clear(&p->vm_groups);
	}
	free(d->placement_groups);
	extensions_free(d->extensions, d->n_extensions);
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->n_tenants; i++) {
		struct tenant *t = &model->tenants[i];
		array_free(t->deployments, t->n_deployments, deployment_clear);
		extensions_free(t->extensions, t->n_extensions);
		free(t->name);
	}
	free(model->tenants);
	networks_free(model->networks, model->n_networks);
	for (size_t i = 0; i < model->n_images; i++) {
		struct image *image = &model->images[i];
		free_all(image->name, image->src, image->disk_format, image->container_format,
			 image->disk_bus);
		properties_clear(&image->properties);
	}
	free(model->images);
	for (size_t i = 0; i < model->n_flavors; i++) {
		free_all(model->flavors[i].name, model->flavors[i].description);
		properties_clear(&model->flavors[i].properties);
	}
	free_all(model->flavors, model->file, model);
}

const char *property_get(const struct properties *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (streq(p->v[i].name, name))
			return p->v[i].value;
	return NULL;
}

static const struct network *network_named(const struct network *v, size_t n, const char *name)
{
	return array_find(v, n, streq(it->name, name));
}

const struct network *model_network(const struct model *model, const struct deployment *deployment,
				    const char *name)
{
	const struct network *own =
		network_named(deployment->networks, deployment->n_networks, name);

	return own ? own : network_named(model->networks, model->n_networks, name);
}

const struct image *model_image(const struct model *model, const char *name)
{
	return array_find(model->images, model->n_images, streq(it->name, name));
}

const struct flavor *model_flavor(const struct model *model, const char *name)
{
	return array_find(model->flavors, model->n_flavors, streq(it->name, name));
}

static const char *option_in(const struct extension *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(v[i].name, "dnsvnf"))
			return property_get(&v[i].properties, name);
	return NULL;
}

const char *model_option(const struct deployment *deployment, const struct vm_group *group,
			 const char *name)
{
	const char *value = group ? option_in(group->extensions, group->n_extensions, name) : NULL;

	return value ? value : option_in(deployment->extensions, deployment->n_extensions, name);
}

const char *model_port_option(const struct deployment *deployment, const struct vm_group *group,
			      const struct interface *interface, const char *name)
{
	cleanup_free char *of_port = xasprintf("%s.%u", name, interface->nicid);
	const char *value = model_option(deployment, group, of_port);

	return value ? value : model_option(deployment, group, name);
}

const char *interface_address(const struct interface *interface, unsigned index)
{
	const char *own = interface->ip_address;

	for (size_t i = 0; !own && i < interface->n_addresses; i++)
		own = interface->addresses[i].ip_address;
	if (own && index == 0)
		return own;
	index -= own != NULL;
	return index < interface->pool_addresses.n ? interface->pool_addresses.v[index] : NULL;
}

void interface_of_vm(const struct interface *interface, unsigned index, struct interface *ret)
{
	struct interface copy = *interface;

	if (index > 0) {
		copy.mac_address = NULL;
		copy.n_addresses = 0;
	}
	if (index > 0 || interface->n_addresses == 0)
		copy.ip_address = (char *)interface_address(interface, index);
	*ret = copy;
}

char *vm_group_server_name(const struct deployment *deployment, const struct vm_group *group,
			   unsigned index)
{
	if (group->vim_vm_name && group->scaling.min_active <= 1)
		return xstrdup(group->vim_vm_name);
	if (group->vim_vm_name)
		return xasprintf("%s_%u", group->vim_vm_name, index);
	return xasprintf("%s_%s_%u", deployment->name, group->name, index);
}

const struct interface *vm_group_interface(const struct vm_group *group, unsigned nicid)
{
	return array_find(group->interfaces, group->n_interfaces, it->nicid == nicid);
}

unsigned vm_group_management_nicid(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_kpis; i++)
		if (streq(group->kpis[i].event_name, "VM_ALIVE") &&
		    group->kpis[i].collector_nicid >= 0)
			return (unsigned)group->kpis[i].collector_nicid;
	return 0;
}

const char *port_type_name(enum port_type type)
{
	static const char *const names[] = {
		[PORT_VIRTUAL] = "virtual",
		[PORT_PASSTHRU] = "passthru",
		[PORT_DIRECT] = "direct",
		[PORT_MACVTAP] = "macvtap",
	};

	return names[type];
}

bool subnet_prefix(const struct subnet *subnet, struct ip_prefix *ret_prefix)
{
	struct ip_prefix p = {.len = subnet->prefix};

	if (!ip_parse(subnet->address, &p.addr) || p.addr.version != subnet->ip_version ||
	    p.len > 8 * ip_size(&p.addr))
		return false;
	*ret_prefix = p;
	return true;
}

const struct placement *vm_group_placement(const struct vm_group *group, const char *type,
					   const char *other)
{
	return array_find(group->placements, group->n_placements,
			  streq(it->type, type) &&
				  (!other || strv_contains(&it->vm_group_refs, other)));
}

unsigned placement_line(const struct deployment *deployment, const struct vm_group *a,
			const struct vm_group *b, const char *type)
{
	const struct placement *p = vm_group_placement(a, type, b->name);

	if (!p)
		p = vm_group_placement(b, type, a->name);
	if (p)
		return p->line;
	const struct placement_group *g =
		array_find(deployment->placement_groups, deployment->n_placement_groups,
			   streq(it->type, type) && strv_contains(&it->vm_groups, a->name) &&
				   strv_contains(&it->vm_groups, b->name));
	return g ? g->line : 0;
}

bool vm_group_spread(const struct deployment *deployment, const struct vm_group *group)
{
	return vm_group_placement(group, "anti_affinity", NULL) ||
	       array_find(deployment->placement_groups, deployment->n_placement_groups,
			  streq(it->type, "anti_affinity") &&
				  strv_contains(&it->vm_groups, group->name));
}

/* ---- addresses ---- */

static bool is_address(const char *text, const struct ip_addr *ip)
{
	struct ip_prefix prefix;

	return text && ip_prefix_parse(text, &prefix) && ip_equal(&prefix.addr, ip);
}

static bool addresses_have(const struct guest_addresses *a, const struct ip_addr *ip, bool *unknown)
{
	bool found = false;

	*unknown |= ip->version == 4 ? a->dhcp4 : a->dhcp6;
	for (size_t i = 0; i < a->n && !found; i++) {
		struct ip_prefix prefix;

		*unknown |= !ip_prefix_parse(a->v[i], &prefix);
		found = is_address(a->v[i], ip);
	}
	return found;
}

bool vm_group_has_address(const struct vm_group *group, const struct ip_addr *ip, bool *ret_unknown)
{
	const struct guest_network *g = &group->guest;

	*ret_unknown = guest_is_partial(g) || g->n_unread > 0 || g->n_nics + g->n_bonds == 0 ||
		       group->scaling.max_active > 1;
	bool found = addresses_have(&g->local, ip, ret_unknown);
	for (size_t i = 0; i < g->n_bonds; i++) {
		found |= addresses_have(&g->bonds[i].addresses, ip, ret_unknown);
		for (size_t v = 0; v < g->bonds[i].n_vlans; v++)
			found |= addresses_have(&g->bonds[i].vlans[v].addresses, ip, ret_unknown);
	}
	for (size_t i = 0; i < g->n_nics; i++)
		found |= addresses_have(&g->nics[i].addresses, ip, ret_unknown);
	for (size_t i = 0; i < group->n_interfaces; i++) {
		const struct interface *port = &group->interfaces[i];

		for (size_t k = 0; k < port->n_addresses; k++)
			found |= is_address(port->addresses[k].ip_address, ip);
		found |= is_address(port->ip_address, ip);
	}
	return found;
}
