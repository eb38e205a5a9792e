// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "check/check.h"
#include "model/model.h"

/* Position of the walk. */
struct place {
	const struct model *model;
	const struct tenant *tenant;
	const struct deployment *deployment;
	const struct vm_group *group;
	struct findings *findings;
};

#define unresolved(p, line, path, ...)                                                        \
	findings_add((p)->findings, SEVERITY_ERROR, "descriptor-reference", (p)->model->file, \
		     line, path, __VA_ARGS__)

static char *group_path(const struct place *p)
{
	return xasprintf("/esc_datamodel/tenants/tenant[name='%s']/deployments/"
			 "deployment[name='%s']/vm_group[name='%s']",
			 p->tenant->name, p->deployment->name, p->group->name);
}

/* A UUID (8-4-4-4-12 hexadecimal digits) refers to an object of the VIM. */
static bool is_uuid(const char *s)
{
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return s[36] == 0;
}

/* The defined network with the most similar name, or NULL. */
static const char *similar_network(const struct place *p, const char *name)
{
	const struct network *tables[] = {p->deployment->networks, p->model->networks};
	size_t counts[] = {p->deployment->n_networks, p->model->n_networks};
	size_t half = strlen(name) / 2;
	struct guess guess = {.word = name, .limit = half < 5 ? half : 5};

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (size_t i = 0; i < counts[t]; i++)
			guess_try(&guess, tables[t][i].name);
	return guess.best;
}

static void check_network(const struct place *p, const char *name, unsigned line, const char *path)
{
	if (!name || model_network(p->model, p->deployment, name) || is_uuid(name) ||
	    str_in_words(model_option(p->deployment, p->group, "existing_networks"), name))
		return;
	const char *near = similar_network(p, name);
	unresolved(
		p, line, path,
		"network \"%s\" is not defined%s%s%s: define it under networks, or, if it exists "
		"in the VIM, add it to the property existing_networks of the extension dnsvnf",
		name, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

/* The subnets of a network that is not defined here are unknown. */
static void check_subnet(const struct place *p, const char *network_name, const char *name,
			 unsigned line, const char *path)
{
	const struct network *network =
		network_name ? model_network(p->model, p->deployment, network_name) : NULL;
	cleanup_strbuf struct strbuf has = {0};

	if (!network || !name || is_uuid(name))
		return;
	for (size_t i = 0; i < network->n_subnets; i++) {
		if (streq(network->subnets[i].name, name))
			return;
		strbuf_addf(&has, "%s%s", i ? ", " : " has ", network->subnets[i].name);
	}
	unresolved(p, line, path, "subnet \"%s\" is not defined in network \"%s\", which%s", name,
		   network_name, has.len ? has.s : " has none");
}

static void check_interface(const struct place *p, const struct interface *interface)
{
	cleanup_free char *group = group_path(p);
	cleanup_free char *path =
		xasprintf("%s/interfaces/interface[nicid='%u']", group, interface->nicid);

	check_network(p, interface->network, interface->line, path);
	check_subnet(p, interface->network, interface->subnet, interface->line, path);
	for (size_t i = 0; i < interface->n_addresses; i++) {
		const struct address *address = &interface->addresses[i];
		cleanup_free char *of =
			xasprintf("%s/addresses/address[address_id='%u']", path, address->id);

		check_subnet(p, interface->network, address->subnet, address->line, of);
	}
}

static const struct kpi *kpi_named(const struct vm_group *group, const char *event_name)
{
	return array_find(group->kpis, group->n_kpis, streq(it->event_name, event_name));
}

static void check_monitoring(const struct place *p)
{
	const struct vm_group *group = p->group;
	cleanup_free char *path = group_path(p);

	for (size_t i = 0; i < group->n_kpis; i++) {
		const struct kpi *kpi = &group->kpis[i];
		cleanup_free char *of =
			xasprintf("%s/kpi_data/kpi[event_name='%s']", path, kpi->event_name);

		if (kpi->collector_nicid >= 0 &&
		    !vm_group_interface(group, (unsigned)kpi->collector_nicid))
			unresolved(p, kpi->line, of,
				   "kpi \"%s\" uses nicid %d as its collector, but vm_group "
				   "\"%s\" has no such interface",
				   kpi->event_name, kpi->collector_nicid, group->name);
	}
	for (size_t i = 0; i < group->n_rules; i++) {
		const struct rule *rule = &group->rules[i];
		cleanup_free char *of = xasprintf("%s/rules/admin_rules/rule[event_name='%s']",
						  path, rule->event_name);

		if (!kpi_named(group, rule->event_name))
			unresolved(p, rule->line, of,
				   "rule \"%s\" has no kpi with that event_name in vm_group "
				   "\"%s\", so it never runs: add the kpi or remove the rule",
				   rule->event_name, group->name);
	}
}

static const struct vm_group *group_named(const struct deployment *deployment, const char *name)
{
	return array_find(deployment->vm_groups, deployment->n_vm_groups, streq(it->name, name));
}

static void check_group_names(const struct place *p, const char *what, const struct strv *names,
			      unsigned line, const char *path)
{
	for (size_t i = 0; i < names->n; i++)
		if (!group_named(p->deployment, names->v[i]))
			unresolved(p, line, path,
				   "%s refers to vm_group \"%s\", but deployment \"%s\" has no "
				   "such group",
				   what, names->v[i], p->deployment->name);
}

static void check_group(const struct place *p)
{
	const struct vm_group *group = p->group;
	cleanup_free char *path = group_path(p);

	for (size_t i = 0; i < group->n_interfaces; i++)
		check_interface(p, &group->interfaces[i]);
	check_monitoring(p);
	for (size_t i = 0; i < group->scaling.n_pools; i++) {
		const struct address_pool *pool = &group->scaling.pools[i];
		cleanup_free char *of = xasprintf("%s/scaling/static_ip_address_pool[network='%s']",
						  path, pool->network);

		check_network(p, pool->network, pool->line, of);
	}
	for (size_t i = 0; i < group->n_placements; i++) {
		const struct placement *placement = &group->placements[i];
		cleanup_free char *of = xasprintf("%s/placement[type='%s']", path, placement->type);

		check_group_names(p, "placement", &placement->vm_group_refs, placement->line, of);
	}
}

/* IEEE 802.1Q: 0 means no VLAN, 4095 is reserved. */
static void check_vlans(const struct model *model, const struct network *v, size_t n,
			const char *above, struct findings *findings)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path =
			xasprintf("%s/networks/network[name='%s']", above, v[i].name);

		if (streq(v[i].provider_network_type, "vlan") &&
		    v[i].provider_segmentation_id > 4094)
			findings_add(findings, SEVERITY_ERROR, "descriptor-value", model->file,
				     v[i].line, path,
				     "provider_segmentation_id %u of network \"%s\" is not a VLAN "
				     "id: it must be from 1 to 4094",
				     v[i].provider_segmentation_id, v[i].name);
	}
}

static void check_deployment(struct place *p)
{
	const struct deployment *deployment = p->deployment;
	cleanup_free char *path = xasprintf(
		"/esc_datamodel/tenants/tenant[name='%s']/deployments/deployment[name='%s']",
		p->tenant->name, deployment->name);

	check_vlans(p->model, deployment->networks, deployment->n_networks, path, p->findings);
	for (size_t i = 0; i < deployment->n_vm_groups; i++) {
		p->group = &deployment->vm_groups[i];
		check_group(p);
	}
	/* A placement_group is part of the deployment or of its policies; the line shows which. */
	for (size_t i = 0; i < deployment->n_placement_groups; i++) {
		const struct placement_group *group = &deployment->placement_groups[i];

		check_group_names(p, "placement_group", &group->vm_groups, group->line, path);
	}
}

void check_references(const struct model *model, struct findings *findings)
{
	struct place p = {.model = model, .findings = findings};
	size_t n = 0;

	check_vlans(model, model->networks, model->n_networks, "/esc_datamodel", findings);
	for (size_t i = 0; i < model->n_tenants; i++) {
		p.tenant = &model->tenants[i];
		n += p.tenant->n_deployments;
		for (size_t j = 0; j < p.tenant->n_deployments; j++) {
			p.deployment = &p.tenant->deployments[j];
			check_deployment(&p);
		}
	}
	if (n == 0 && findings_count(findings, SEVERITY_ERROR) == 0)
		findings_add(findings, SEVERITY_WARNING, "descriptor-missing", model->file, 1,
			     "/esc_datamodel",
			     "there is no deployment, so nothing is deployed: add tenants with a "
			     "tenant and its deployment");
}
