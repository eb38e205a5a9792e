// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"
#include "host/host.h"

static void put_cpus(struct json_writer *w, const char *key, const struct cpuset *set)
{
	if (set->unknown)
		return json_put_null(w, key);
	json_open_array(w, key);
	for_each_cpu (cpu, set)
		json_put_int64(w, NULL, cpu);
	json_close(w);
}

static void put_siblings(struct json_writer *w, const struct host_node *node)
{
	if (node->n_siblings == 0)
		return json_put_null(w, "siblings");
	json_open_array(w, "siblings");
	for (size_t i = 0; i < node->n_siblings; i++)
		put_cpus(w, NULL, &node->siblings[i]);
	json_close(w);
}

static void put_node(struct json_writer *w, const struct host_node *n)
{
	json_open_object(w, NULL);
	json_put_int64(w, "id", n->id);
	json_put_known(w, "socket", n->socket);
	json_put_known(w, "memory_mb", n->memory_mb);
	json_put_known(w, "memory_free_mb", n->memory_free_mb);
	put_cpus(w, "cpus", &n->cpus);
	put_cpus(w, "isolated_cpus", &n->isolated);
	put_cpus(w, "shared_cpus", &n->shared);
	put_cpus(w, "dedicated_cpus", &n->dedicated);
	put_siblings(w, n);
	json_open_array(w, "huge_pages");
	for (size_t p = 0; p < n->n_pages; p++) {
		json_open_object(w, NULL);
		json_put_known(w, "size_kb", n->pages[p].size_kb);
		json_put_known(w, "total", n->pages[p].total);
		json_put_known(w, "free", n->pages[p].free);
		json_put_known(w, "reserved", n->pages[p].reserved);
		json_close(w);
	}
	json_close(w);
	json_close(w);
}

static void put_vf(struct json_writer *w, const struct host_vf *v)
{
	json_open_object(w, NULL);
	json_put_int64(w, "index", v->index);
	json_put_text(w, "pci_address", v->pci_address);
	json_put_known_bool(w, "in_use", v->in_use);
	json_put_text(w, "mac", v->mac);
	json_put_known(w, "vlan", v->vlan);
	json_put_known_bool(w, "trust", v->trust);
	json_put_known_bool(w, "spoof_check", v->spoof_check);
	json_put_text(w, "link_state", v->link_state);
	json_put_text(w, "driver", v->driver);
	json_put_text(w, "name", v->name);
	json_put_known(w, "iommu_group", v->iommu_group);
	json_put_known_bool(w, "assignable", v->assignable);
	json_put_known_bool(w, "trusted", v->trusted);
	json_put_text(w, "physnet", v->physnet);
	json_close(w);
}

static const char *obstacle_name(enum sriov_obstacle obstacle)
{
	static const char *const names[] = {
		[SRIOV_CLEAR] = NULL,
		[SRIOV_OFF] = "disabled in firmware",
		[SRIOV_NO_ROOM] = "no address space",
	};

	return names[obstacle];
}

static void put_nic(struct json_writer *w, const struct host_nic *n)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", n->name);
	json_put_text(w, "pci_address", n->pci_address);
	json_put_text(w, "pci_id", n->pci_id);
	json_put_text(w, "vf_pci_id", n->vf_pci_id);
	json_put_text(w, "model", n->model);
	json_put_text(w, "driver", n->driver);
	json_put_text(w, "driver_version", n->driver_version);
	json_put_text(w, "firmware", n->firmware);
	json_put_text(w, "mac", n->mac);
	json_put_known(w, "numa_node", n->numa_node);
	json_put_known_bool(w, "carrier", n->carrier);
	json_put_known(w, "speed", n->speed);
	json_put_known(w, "iommu_group", n->iommu_group);
	json_put_text(w, "physnet", n->physnet);
	json_put_known_bool(w, "assignable", n->assignable);
	json_put_known_bool(w, "trusted", n->trusted);
	json_put_known_bool(w, "in_ovs", n->in_ovs);
	json_open_object(w, "sriov");
	json_put_known_bool(w, "capable", n->sriov_capable);
	json_put_text(w, "obstacle", obstacle_name(n->sriov_obstacle));
	json_put_known(w, "total", n->vfs_total);
	json_put_known(w, "configured", n->vfs_configured);
	json_put_known(w, "free", n->vfs_free);
	json_close(w);
	json_open_array(w, "vfs");
	for (size_t i = 0; i < n->n_vfs; i++)
		put_vf(w, &n->vfs[i]);
	json_close(w);
	json_close(w);
}

static void put_iommu(struct json_writer *w, const struct host_iommu *i)
{
	json_open_object(w, "iommu");
	json_put_known_bool(w, "on", i->on);
	json_put_known_bool(w, "firmware_table", i->firmware);
	json_put_known(w, "groups", i->groups);
	json_put_texts(w, "units", i->units, i->n_units);
	json_close(w);
}

static void put_conntrack(struct json_writer *w, const struct host_conntrack *c)
{
	json_open_object(w, "conntrack");
	json_put_known_bool(w, "loaded", c->loaded);
	json_put_known(w, "max", c->max);
	json_put_known(w, "count", c->count);
	json_put_known(w, "buckets", c->buckets);
	json_put_known(w, "udp_timeout", c->udp_timeout);
	json_put_known(w, "udp_timeout_stream", c->udp_timeout_stream);
	json_put_known(w, "drop", c->drop);
	json_put_known(w, "early_drop", c->early_drop);
	json_put_known(w, "insert_failed", c->insert_failed);
	json_put_known(w, "new_flows_per_s", c->new_flows_per_s);
	json_put_text(w, "verdict", c->verdict);
	json_close(w);
}

static void put_finding(struct json_writer *w, const struct host_finding *f)
{
	json_open_object(w, NULL);
	json_put_text(w, "severity", severity_name(f->severity));
	json_put_text(w, "rule", f->rule);
	json_put_text(w, "object", f->object);
	json_put_text(w, "text", f->text);
	json_put_text(w, "source", f->source);
	json_close(w);
}

void host_put(struct json_writer *w, const struct host *host)
{
	json_put_text(w, "hostname", host->hostname);
	json_put_text(w, "kernel", host->kernel);
	json_open_array(w, "numa_nodes");
	for (size_t i = 0; i < host->n_nodes; i++)
		put_node(w, &host->nodes[i]);
	json_close(w);
	json_open_array(w, "nics");
	for (size_t i = 0; i < host->n_nics; i++)
		put_nic(w, &host->nics[i]);
	json_close(w);
	put_iommu(w, &host->iommu);
	json_put_text(w, "cmdline", host->cmdline);
	put_conntrack(w, &host->conntrack);
	json_open_object(w, "modules");
	for (size_t i = 0; i < host->n_modules; i++)
		json_put_text(w, host->modules[i].name, host->modules[i].state);
	json_close(w);
	json_open_array(w, "findings");
	for (size_t i = 0; i < host->n_findings; i++)
		put_finding(w, &host->findings[i]);
	json_close(w);
}
