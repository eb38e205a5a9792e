// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "base/alloc.h"
#include "host/host.h"

static json_t *number(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *yes_no(int64_t n)
{
	return n < 0 ? json_null() : json_boolean(n);
}

static json_t *cpus(const struct cpus *set)
{
	json_t *list;

	if (!set->known)
		return json_null();
	list = json_array();
	for (int cpu = cpus_next(set, 0); cpu >= 0; cpu = cpus_next(set, cpu + 1))
		json_array_append_new(list, json_integer(cpu));
	return list;
}

static json_t *siblings(const struct host_node *node)
{
	json_t *list;

	if (node->n_siblings == 0)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < node->n_siblings; i++)
		json_array_append_new(list, cpus(&node->siblings[i]));
	return list;
}

static json_t *nodes(const struct host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->n_nodes; i++) {
		const struct host_node *n = &host->nodes[i];
		json_t *pages = json_array();

		for (size_t p = 0; p < n->n_pages; p++)
			json_array_append_new(pages, json_pack("{so so so so}", "size_kb",
							       number(n->pages[p].size_kb), "total",
							       number(n->pages[p].total), "free",
							       number(n->pages[p].free), "reserved",
							       number(n->pages[p].reserved)));
		json_array_append_new(
			list, json_pack("{si so so so so so so so so so}", "id", (int)n->id,
					"socket", number(n->socket), "memory_mb",
					number(n->memory_mb), "memory_free_mb",
					number(n->memory_free_mb), "cpus", cpus(&n->cpus),
					"isolated_cpus", cpus(&n->isolated), "shared_cpus",
					cpus(&n->shared), "dedicated_cpus", cpus(&n->dedicated),
					"siblings", siblings(n), "huge_pages", pages));
	}
	return list;
}

static json_t *vfs(const struct host_nic *nic)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nic->n_vfs; i++) {
		const struct host_vf *v = &nic->vfs[i];

		json_array_append_new(list,
				      json_pack("{si ss so ss? so so so ss? ss? ss? so}", "index",
						(int)v->index, "pci_address", v->pci_address,
						"in_use", yes_no(v->in_use), "mac", v->mac, "vlan",
						number(v->vlan), "trust", yes_no(v->trust),
						"spoof_check", yes_no(v->spoof_check), "link_state",
						v->link_state, "driver", v->driver, "name", v->name,
						"iommu_group", number(v->iommu_group)));
	}
	return list;
}

static const char *obstacle_name(enum sriov_obstacle obstacle)
{
	switch (obstacle) {
	case SRIOV_CLEAR:
		return NULL;
	case SRIOV_OFF:
		return "disabled in firmware";
	case SRIOV_NO_ROOM:
		return "no address space";
	}
	return NULL;
}

static json_t *nics(const struct host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *n = &host->nics[i];
		json_t *sriov = json_pack("{so ss? so so so}", "capable", yes_no(n->sriov_capable),
					  "obstacle", obstacle_name(n->sriov_obstacle), "total",
					  number(n->vfs_total), "configured",
					  number(n->vfs_configured), "free", number(n->vfs_free));

		json_array_append_new(
			list,
			json_pack("{ss? ss ss? ss? ss? ss? ss? ss? ss? so so so so ss? so so}",
				  "name", n->name, "pci_address", n->pci_address, "pci_id",
				  n->pci_id, "vf_pci_id", n->vf_pci_id, "model", n->model, "driver",
				  n->driver, "driver_version", n->driver_version, "firmware",
				  n->firmware, "mac", n->mac, "numa_node", number(n->numa_node),
				  "carrier", yes_no(n->carrier), "speed", number(n->speed),
				  "iommu_group", number(n->iommu_group), "physnet", n->physnet,
				  "sriov", sriov, "vfs", vfs(n)));
	}
	return list;
}

static json_t *iommu(const struct host_iommu *i)
{
	json_t *units = json_array();

	for (size_t n = 0; n < i->n_units; n++)
		json_array_append_new(units, json_string(i->units[n]));
	return json_pack("{so so so so}", "on", yes_no(i->on), "firmware_table",
			 yes_no(i->firmware), "groups", number(i->groups), "units", units);
}

static json_t *conntrack(const struct host_conntrack *c)
{
	return json_pack("{so so so so so so so so so so ss?}", "loaded", yes_no(c->loaded), "max",
			 number(c->max), "count", number(c->count), "buckets", number(c->buckets),
			 "udp_timeout", number(c->udp_timeout), "udp_timeout_stream",
			 number(c->udp_timeout_stream), "drop", number(c->drop), "early_drop",
			 number(c->early_drop), "insert_failed", number(c->insert_failed),
			 "new_flows_per_s", number(c->new_flows_per_s), "verdict", c->verdict);
}

static json_t *modules(const struct host *host)
{
	json_t *object = json_object();

	for (size_t i = 0; i < host->n_modules; i++)
		json_object_set_new(object, host->modules[i].name,
				    json_pack("s?", host->modules[i].state));
	return object;
}

static json_t *findings(const struct host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->n_findings; i++) {
		const struct host_finding *f = &host->findings[i];

		json_array_append_new(list, json_pack("{ss ss ss? ss ss?}", "severity",
						      severity_name(f->severity), "rule", f->rule,
						      "object", f->object, "text", f->text,
						      "source", f->source));
	}
	return list;
}

char *host_json(const struct host *host)
{
	json_t *document = json_pack("{ss? ss? so so so ss? so so so}", "hostname", host->hostname,
				     "kernel", host->kernel, "numa_nodes", nodes(host), "nics",
				     nics(host), "iommu", iommu(&host->iommu), "cmdline",
				     host->cmdline, "conntrack", conntrack(&host->conntrack),
				     "modules", modules(host), "findings", findings(host));
	char *text = json_dumps(document, JSON_INDENT(1));

	json_decref(document);
	return text;
}
