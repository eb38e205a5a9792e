// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "esc/element.h"
#include "esc/esc.h"
#include "model/model.h"

struct writer {
	struct strbuf *b;
	unsigned depth;
};

/* Text content: the characters that XML reserves, and a carriage return, which a reader would drop.
 * Other control characters cannot be in XML. */
static void put_text(struct writer *w, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&':
			strbuf_adds(w->b, "&amp;");
			break;
		case '<':
			strbuf_adds(w->b, "&lt;");
			break;
		case '>':
			strbuf_adds(w->b, "&gt;");
			break;
		case '\r':
			strbuf_adds(w->b, "&#13;");
			break;
		default:
			strbuf_add(w->b, (unsigned char)*s < 0x20 && !strchr("\t\n", *s) ? "?" : s,
				   1);
		}
}

static void open_tag(struct writer *w, const char *name)
{
	strbuf_addf(w->b, "%*s<%s>\n", (int)(2 * w->depth++), "", name);
}

static void close_tag(struct writer *w, const char *name)
{
	strbuf_addf(w->b, "%*s</%s>\n", (int)(2 * --w->depth), "", name);
}

/* NULL: no such element. */
static void leaf(struct writer *w, const char *name, const char *value)
{
	if (!value)
		return;
	strbuf_addf(w->b, "%*s<%s>", (int)(2 * w->depth), "", name);
	put_text(w, value);
	strbuf_addf(w->b, "</%s>\n", name);
}

static void leaf_int(struct writer *w, const char *name, int64_t value)
{
	strbuf_addf(w->b, "%*s<%s>%lld</%s>\n", (int)(2 * w->depth), "", name, (long long)value,
		    name);
}

static void leaf_bool(struct writer *w, const char *name, bool value)
{
	leaf(w, name, value ? "true" : "false");
}

static void write_properties(struct writer *w, const struct properties *p)
{
	if (p->n == 0)
		return;
	open_tag(w, "properties");
	for (size_t i = 0; i < p->n; i++) {
		open_tag(w, "property");
		leaf(w, "name", p->v[i].name);
		leaf(w, "value", p->v[i].value);
		close_tag(w, "property");
	}
	close_tag(w, "properties");
}

static void write_extensions(struct writer *w, const struct extension *v, size_t n)
{
	if (n == 0)
		return;
	open_tag(w, "extensions");
	for (size_t i = 0; i < n; i++) {
		open_tag(w, "extension");
		leaf(w, "name", v[i].name);
		write_properties(w, &v[i].properties);
		close_tag(w, "extension");
	}
	close_tag(w, "extensions");
}

static void write_locator(struct writer *w, const struct locator *l)
{
	if (!l->vim_id && !l->vim_project && !l->vim_region)
		return;
	open_tag(w, "locator");
	leaf(w, "vim_id", l->vim_id);
	leaf(w, "vim_project", l->vim_project);
	leaf(w, "vim_region", l->vim_region);
	close_tag(w, "locator");
}

static void write_subnet(struct writer *w, const struct subnet *s)
{
	open_tag(w, "subnet");
	leaf(w, "name", s->name);
	leaf(w, "ipversion", s->ip_version == 6 ? "ipv6" : "ipv4");
	leaf_bool(w, "dhcp", s->dhcp);
	leaf(w, "address", s->address);
	if (s->address)
		leaf_int(w, "netmask", s->prefix);
	leaf(w, "gateway", s->gateway);
	if (s->no_gateway)
		leaf_bool(w, "no_gateway", true);
	close_tag(w, "subnet");
}

static void write_networks(struct writer *w, const struct network *v, size_t n)
{
	if (n == 0)
		return;
	open_tag(w, "networks");
	for (size_t i = 0; i < n; i++) {
		open_tag(w, "network");
		leaf(w, "name", v[i].name);
		if (v[i].shared)
			leaf_bool(w, "shared", true);
		leaf(w, "provider_network_type", v[i].provider_network_type);
		leaf(w, "provider_physical_network", v[i].provider_physical_network);
		if (v[i].provider_segmentation_id)
			leaf_int(w, "provider_segmentation_id", v[i].provider_segmentation_id);
		for (size_t k = 0; k < v[i].n_subnets; k++)
			write_subnet(w, &v[i].subnets[k]);
		close_tag(w, "network");
	}
	close_tag(w, "networks");
}

static void write_images(struct writer *w, const struct model *model)
{
	if (model->n_images == 0)
		return;
	open_tag(w, "images");
	for (size_t i = 0; i < model->n_images; i++) {
		const struct image *image = &model->images[i];
		open_tag(w, "image");
		leaf(w, "name", image->name);
		leaf(w, "src", image->src);
		leaf(w, "disk_format", image->disk_format);
		leaf(w, "container_format", image->container_format);
		leaf(w, "disk_bus", image->disk_bus);
		write_properties(w, &image->properties);
		close_tag(w, "image");
	}
	close_tag(w, "images");
}

static void write_flavors(struct writer *w, const struct model *model)
{
	if (model->n_flavors == 0)
		return;
	open_tag(w, "flavors");
	for (size_t i = 0; i < model->n_flavors; i++) {
		const struct flavor *flavor = &model->flavors[i];
		open_tag(w, "flavor");
		leaf(w, "name", flavor->name);
		leaf_int(w, "vcpus", flavor->vcpus);
		leaf_int(w, "memory_mb", flavor->memory_mb);
		leaf_int(w, "root_disk_mb", flavor->root_disk_mb);
		if (flavor->ephemeral_disk_mb)
			leaf_int(w, "ephemeral_disk_mb", flavor->ephemeral_disk_mb);
		if (flavor->swap_disk_mb)
			leaf_int(w, "swap_disk_mb", flavor->swap_disk_mb);
		leaf(w, "description", flavor->description);
		write_properties(w, &flavor->properties);
		close_tag(w, "flavor");
	}
	close_tag(w, "flavors");
}

static void write_addresses(struct writer *w, const struct interface *i)
{
	if (i->n_addresses > 0)
		open_tag(w, "addresses");
	for (size_t k = 0; k < i->n_addresses; k++) {
		open_tag(w, "address");
		leaf_int(w, "address_id", i->addresses[k].id);
		leaf(w, "subnet", i->addresses[k].subnet);
		leaf(w, "ip_address", i->addresses[k].ip_address);
		close_tag(w, "address");
	}
	if (i->n_addresses > 0)
		close_tag(w, "addresses");
	if (i->n_allowed_address_pairs > 0)
		open_tag(w, "allowed_address_pairs");
	for (size_t k = 0; k < i->n_allowed_address_pairs; k++) {
		open_tag(w, "address");
		leaf(w, "ip_address", i->allowed_address_pairs[k].ip_address);
		leaf(w, "netmask", i->allowed_address_pairs[k].netmask);
		close_tag(w, "address");
	}
	if (i->n_allowed_address_pairs > 0)
		close_tag(w, "allowed_address_pairs");
}

static void write_interface(struct writer *w, const struct interface *i)
{
	open_tag(w, "interface");
	leaf_int(w, "nicid", i->nicid);
	if (i->type != PORT_VIRTUAL)
		leaf(w, "type", port_type_name(i->type));
	leaf(w, "network", i->network);
	leaf(w, "subnet", i->subnet);
	leaf(w, "model", i->model);
	leaf(w, "vim_interface_name", i->vim_interface_name);
	leaf(w, "mac_address", i->mac_address);
	leaf(w, "ip_address", i->ip_address);
	write_addresses(w, i);
	if (i->security_groups.n > 0)
		open_tag(w, "security_groups");
	for (size_t k = 0; k < i->security_groups.n; k++)
		leaf(w, "security_group", i->security_groups.v[k]);
	if (i->security_groups.n > 0)
		close_tag(w, "security_groups");
	if (i->port_security_enabled != TRI_UNKNOWN)
		leaf_bool(w, "port_security_enabled", i->port_security_enabled == TRI_YES);
	if (!i->admin_state_up)
		leaf_bool(w, "admin_state_up", false);
	close_tag(w, "interface");
}

static void write_kpis(struct writer *w, const struct vm_group *group)
{
	if (group->n_kpis > 0)
		open_tag(w, "kpi_data");
	for (size_t i = 0; i < group->n_kpis; i++) {
		const struct kpi *k = &group->kpis[i];
		open_tag(w, "kpi");
		leaf(w, "event_name", k->event_name);
		leaf(w, "metric_value", k->metric_value);
		leaf(w, "metric_cond", k->metric_cond);
		leaf(w, "metric_type", k->metric_type);
		leaf_int(w, "metric_occurrences_true", k->metric_occurrences_true);
		leaf_int(w, "metric_occurrences_false", k->metric_occurrences_false);
		open_tag(w, "metric_collector");
		if (k->collector_nicid >= 0)
			leaf_int(w, "nicid", k->collector_nicid);
		leaf(w, "type", k->collector_type);
		leaf_int(w, "poll_frequency", k->poll_frequency);
		leaf(w, "polling_unit", k->polling_unit);
		leaf_bool(w, "continuous_alarm", k->continuous_alarm);
		close_tag(w, "metric_collector");
		close_tag(w, "kpi");
	}
	if (group->n_kpis > 0)
		close_tag(w, "kpi_data");
}

static void write_rules(struct writer *w, const struct vm_group *group)
{
	if (group->n_rules == 0)
		return;
	open_tag(w, "rules");
	open_tag(w, "admin_rules");
	for (size_t i = 0; i < group->n_rules; i++) {
		open_tag(w, "rule");
		leaf(w, "event_name", group->rules[i].event_name);
		for (size_t k = 0; k < group->rules[i].actions.n; k++)
			leaf(w, "action", group->rules[i].actions.v[k]);
		close_tag(w, "rule");
	}
	close_tag(w, "admin_rules");
	close_tag(w, "rules");
}

static void write_scaling(struct writer *w, const struct scaling *s)
{
	open_tag(w, "scaling");
	leaf_int(w, "min_active", s->min_active);
	leaf_int(w, "max_active", s->max_active);
	leaf_bool(w, "elastic", s->elastic);
	for (size_t i = 0; i < s->n_pools; i++) {
		open_tag(w, "static_ip_address_pool");
		leaf(w, "network", s->pools[i].network);
		leaf(w, "gateway", s->pools[i].gateway);
		leaf(w, "netmask", s->pools[i].netmask);
		open_tag(w, "ip_address_range");
		leaf(w, "start", s->pools[i].range_start);
		leaf(w, "end", s->pools[i].range_end);
		close_tag(w, "ip_address_range");
		close_tag(w, "static_ip_address_pool");
	}
	close_tag(w, "scaling");
}

static void write_configurations(struct writer *w, const struct vm_group *group)
{
	if (group->n_configurations > 0)
		open_tag(w, "config_data");
	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		open_tag(w, "configuration");
		leaf(w, "dst", c->dst);
		leaf(w, "file", c->file);
		leaf(w, "data", c->data);
		for (size_t k = 0; k < c->n_variables; k++) {
			open_tag(w, "variable");
			leaf(w, "name", c->variables[k].name);
			for (size_t v = 0; v < c->variables[k].values.n; v++)
				leaf(w, "val", c->variables[k].values.v[v]);
			close_tag(w, "variable");
		}
		close_tag(w, "configuration");
	}
	if (group->n_configurations > 0)
		close_tag(w, "config_data");
}

static void write_placements(struct writer *w, const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_placements; i++) {
		const struct placement *p = &group->placements[i];
		open_tag(w, "placement");
		leaf(w, "type", p->type);
		leaf(w, "enforcement", p->enforcement);
		leaf(w, "host", p->host);
		leaf(w, "zone", p->zone);
		for (size_t k = 0; k < p->vm_group_refs.n; k++)
			leaf(w, "vm_group_ref", p->vm_group_refs.v[k]);
		close_tag(w, "placement");
	}
}

static void write_recovery(struct writer *w, const struct vm_group *group)
{
	static const char *const actions[] = {
		[RECOVERY_REBOOT_THEN_REDEPLOY] = "REBOOT_THEN_REDEPLOY",
		[RECOVERY_REBOOT_ONLY] = "REBOOT_ONLY",
		[RECOVERY_REDEPLOY_ONLY] = "REDEPLOY_ONLY",
	};

	open_tag(w, "recovery_policy");
	if (group->recovery_manual)
		leaf(w, "recovery_type", "MANUAL");
	leaf(w, "action_on_recovery", actions[group->action_on_recovery]);
	close_tag(w, "recovery_policy");
}

static void write_group(struct writer *w, const struct vm_group *group)
{
	open_tag(w, "vm_group");
	leaf(w, "name", group->name);
	write_locator(w, &group->locator);
	leaf(w, "image", group->image);
	leaf(w, "flavor", group->flavor);
	leaf(w, "vim_vm_name", group->vim_vm_name);
	leaf_int(w, "bootup_time", group->bootup_time);
	if (group->reboot_time >= 0)
		leaf_int(w, "reboot_time", group->reboot_time);
	leaf_int(w, "recovery_wait_time", group->recovery_wait_time);
	write_recovery(w, group);
	write_placements(w, group);
	if (group->n_interfaces > 0)
		open_tag(w, "interfaces");
	for (size_t i = 0; i < group->n_interfaces; i++)
		write_interface(w, &group->interfaces[i]);
	if (group->n_interfaces > 0)
		close_tag(w, "interfaces");
	write_kpis(w, group);
	write_rules(w, group);
	write_scaling(w, &group->scaling);
	write_configurations(w, group);
	write_extensions(w, group->extensions, group->n_extensions);
	close_tag(w, "vm_group");
}

static void write_deployment(struct writer *w, const struct deployment *d)
{
	open_tag(w, "deployment");
	leaf(w, "name", d->name);
	write_locator(w, &d->locator);
	write_networks(w, d->networks, d->n_networks);
	for (size_t i = 0; i < d->n_placement_groups; i++) {
		const struct placement_group *p = &d->placement_groups[i];
		open_tag(w, "placement_group");
		leaf(w, "name", p->name);
		leaf(w, "type", p->type);
		leaf(w, "enforcement", p->enforcement);
		for (size_t k = 0; k < p->vm_groups.n; k++)
			leaf(w, "vm_group", p->vm_groups.v[k]);
		close_tag(w, "placement_group");
	}
	for (size_t i = 0; i < d->n_vm_groups; i++)
		write_group(w, &d->vm_groups[i]);
	write_extensions(w, d->extensions, d->n_extensions);
	close_tag(w, "deployment");
}

static void write_tenant(struct writer *w, const struct tenant *t)
{
	open_tag(w, "tenant");
	leaf(w, "name", t->name);
	leaf_bool(w, "managed_resource", t->managed_resource);
	if (!t->vim_mapping)
		leaf_bool(w, "vim_mapping", false);
	write_extensions(w, t->extensions, t->n_extensions);
	open_tag(w, "deployments");
	for (size_t i = 0; i < t->n_deployments; i++)
		write_deployment(w, &t->deployments[i]);
	close_tag(w, "deployments");
	close_tag(w, "tenant");
}

void esc_write(const struct model *model, const char *comment, struct strbuf *ret)
{
	struct writer w = {.b = ret};

	strbuf_addf(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (comment)
		strbuf_addf(ret, "<!-- %s -->\n", comment);
	open_tag(&w, ESC_ROOT " xmlns=\"" ESC_NAMESPACE "\"");
	write_networks(&w, model->networks, model->n_networks);
	write_images(&w, model);
	write_flavors(&w, model);
	open_tag(&w, "tenants");
	for (size_t i = 0; i < model->n_tenants; i++)
		write_tenant(&w, &model->tenants[i]);
	close_tag(&w, "tenants");
	close_tag(&w, ESC_ROOT);
}
