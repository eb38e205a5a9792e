// SPDX-License-Identifier: Apache-2.0
#include "base/json_field.h"
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

#define PAGES(TYPE, MEMBER) JSON_FIELD(host_pages, TYPE, MEMBER)
JSON_FIELDS(pages_fields, PAGES(KNOWN, size_kb), PAGES(KNOWN, total), PAGES(KNOWN, free),
	    PAGES(KNOWN, reserved));

#define NODE(TYPE, MEMBER) JSON_FIELD(host_node, TYPE, MEMBER)
JSON_FIELDS(node_fields, NODE(UINT, id), NODE(KNOWN, socket), NODE(KNOWN, memory_mb),
	    NODE(KNOWN, memory_free_mb));

static void put_node(struct json_writer *w, const struct host_node *n)
{
	json_open_object(w, NULL);
	json_put_fields(w, node_fields, n);
	put_cpus(w, "cpus", &n->cpus);
	put_cpus(w, "isolated_cpus", &n->isolated);
	put_cpus(w, "shared_cpus", &n->shared);
	put_cpus(w, "dedicated_cpus", &n->dedicated);
	put_siblings(w, n);
	json_open_array(w, "huge_pages");
	for (size_t p = 0; p < n->n_pages; p++)
		json_put_object(w, NULL, pages_fields, &n->pages[p]);
	json_close(w);
	json_close(w);
}

#define VF(TYPE, MEMBER) JSON_FIELD(host_vf, TYPE, MEMBER)
JSON_FIELDS(vf_fields, VF(UINT, index), VF(TEXT, pci_address), VF(KNOWN_BOOL, in_use),
	    VF(TEXT, mac), VF(KNOWN, vlan), VF(KNOWN_BOOL, trust), VF(KNOWN_BOOL, spoof_check),
	    VF(WORD, link_state), VF(TEXT, driver), VF(TEXT, name), VF(KNOWN, iommu_group),
	    VF(KNOWN_BOOL, assignable), VF(KNOWN_BOOL, trusted), VF(TEXT, physnet));

static const char *obstacle_name(enum sriov_obstacle obstacle)
{
	static const char *const names[] = {
		[SRIOV_CLEAR] = NULL,
		[SRIOV_OFF] = "disabled in firmware",
		[SRIOV_NO_ROOM] = "no address space",
	};

	return names[obstacle];
}

#define NIC(TYPE, MEMBER) JSON_FIELD(host_nic, TYPE, MEMBER)
JSON_FIELDS(nic_fields, NIC(TEXT, name), NIC(TEXT, pci_address), NIC(TEXT, pci_id),
	    NIC(TEXT, vf_pci_id), NIC(TEXT, model), NIC(TEXT, driver), NIC(TEXT, driver_version),
	    NIC(TEXT, firmware), NIC(TEXT, mac), NIC(KNOWN, numa_node), NIC(KNOWN_BOOL, carrier),
	    NIC(KNOWN, speed), NIC(KNOWN, iommu_group), NIC(TEXT, physnet),
	    NIC(KNOWN_BOOL, assignable), NIC(KNOWN_BOOL, trusted), NIC(KNOWN_BOOL, in_ovs));
JSON_FIELDS(vfs_fields, JSON_FIELD_AS(host_nic, KNOWN, "total", vfs_total),
	    JSON_FIELD_AS(host_nic, KNOWN, "configured", vfs_configured),
	    JSON_FIELD_AS(host_nic, KNOWN, "free", vfs_free));

static void put_nic(struct json_writer *w, const struct host_nic *n)
{
	json_open_object(w, NULL);
	json_put_fields(w, nic_fields, n);
	json_open_object(w, "sriov");
	json_put_known_bool(w, "capable", n->sriov_capable);
	json_put_text(w, "obstacle", obstacle_name(n->sriov_obstacle));
	json_put_fields(w, vfs_fields, n);
	json_close(w);
	json_open_array(w, "vfs");
	for (size_t i = 0; i < n->n_vfs; i++)
		json_put_object(w, NULL, vf_fields, &n->vfs[i]);
	json_close(w);
	json_close(w);
}

#define IOMMU(TYPE, KEY, MEMBER) JSON_FIELD_AS(host_iommu, TYPE, KEY, MEMBER)
JSON_FIELDS(iommu_fields, IOMMU(KNOWN_BOOL, "on", on),
	    IOMMU(KNOWN_BOOL, "firmware_table", firmware), IOMMU(KNOWN, "groups", groups));

static void put_iommu(struct json_writer *w, const struct host_iommu *i)
{
	json_open_object(w, "iommu");
	json_put_fields(w, iommu_fields, i);
	json_put_texts(w, "units", i->units, i->n_units);
	json_close(w);
}

#define CONNTRACK(TYPE, MEMBER) JSON_FIELD(host_conntrack, TYPE, MEMBER)
JSON_FIELDS(conntrack_fields, CONNTRACK(KNOWN_BOOL, loaded), CONNTRACK(KNOWN, max),
	    CONNTRACK(KNOWN, count), CONNTRACK(KNOWN, buckets), CONNTRACK(KNOWN, udp_timeout),
	    CONNTRACK(KNOWN, udp_timeout_stream), CONNTRACK(KNOWN, drop),
	    CONNTRACK(KNOWN, early_drop), CONNTRACK(KNOWN, insert_failed),
	    CONNTRACK(KNOWN, new_flows_per_s), CONNTRACK(WORD, verdict));

#define FINDING(TYPE, MEMBER) JSON_FIELD(host_finding, TYPE, MEMBER)
JSON_FIELDS(finding_fields, FINDING(TEXT, rule), FINDING(TEXT, object), FINDING(TEXT, text),
	    FINDING(TEXT, source));

static void put_finding(struct json_writer *w, const struct host_finding *f)
{
	json_open_object(w, NULL);
	json_put_text(w, "severity", severity_name(f->severity));
	json_put_fields(w, finding_fields, f);
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
	json_put_object(w, "conntrack", conntrack_fields, &host->conntrack);
	json_open_object(w, "modules");
	for (size_t i = 0; i < host->n_modules; i++)
		json_put_text(w, host->modules[i].name, host->modules[i].state);
	json_close(w);
	json_open_array(w, "findings");
	for (size_t i = 0; i < host->n_findings; i++)
		put_finding(w, &host->findings[i]);
	json_close(w);
}
