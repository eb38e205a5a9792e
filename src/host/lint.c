// SPDX-License-Identifier: Apache-2.0
#include "host/read.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"

#define KERNEL_SRIOV   "Linux, Documentation/PCI/pci-iov-howto.rst"
#define KERNEL_IOMMU   "Linux, Documentation/admin-guide/kernel-parameters.txt"
#define KERNEL_BOND    "Linux, Documentation/networking/bonding.rst"
#define KERNEL_VF_LINK "Linux, ndo_set_vf_link_state of the drivers i40e, ice and mlx5_core"
#define KERNEL_CT      "Linux, Documentation/networking/nf_conntrack-sysctl.rst"
#define NOVA_NUMA      "Nova, CPU topologies and huge pages"
#define NEUTRON_SRIOV  "Neutron, SR-IOV"

static bool has_sriov(const struct host_nic *nic)
{
	return nic->sriov_capable == 1;
}

static void lint_sriov(struct host *host)
{
	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];

		if (nic->sriov_obstacle == SRIOV_OFF)
			lint_add(host, SEVERITY_ERROR, "sriov-off", nic_label(nic), KERNEL_SRIOV,
				 "SR-IOV is disabled in the firmware (the NIC has the capability, "
				 "but offers no VFs to the kernel): enable SR-IOV in BIOS/UEFI and "
				 "in the NIC's own setup, then restart");
		else if (nic->sriov_obstacle == SRIOV_NO_ROOM)
			lint_add(host, SEVERITY_ERROR, "sriov-no-room", nic_label(nic),
				 KERNEL_SRIOV,
				 "the firmware reserved no address space for the VFs' memory "
				 "(kernel message 'not enough MMIO resources for SR-IOV'): enable "
				 "SR-IOV and 'memory mapped I/O above 4G' in BIOS/UEFI, or boot "
				 "with pci=realloc");
		else if (has_sriov(nic) && nic->vfs_configured == 0)
			lint_add(host, SEVERITY_WARNING, "sriov-no-vfs", nic_label(nic),
				 KERNEL_SRIOV,
				 "none of %" PRId64 " possible VFs is created: write the number to "
				 "/sys/bus/pci/devices/%s/sriov_numvfs at each boot",
				 nic->vfs_total, nic->pci_address);
	}
}

static void lint_iommu(struct host *host)
{
	bool wanted = false;

	for (size_t i = 0; i < host->n_nics; i++)
		wanted |= has_sriov(&host->nics[i]);
	if (!wanted || host->iommu.on != 0)
		return;
	if (host->iommu.firmware == 0)
		lint_add(host, SEVERITY_ERROR, "iommu-off", NULL, KERNEL_IOMMU,
			 "the IOMMU is off, so no VF can be assigned to a guest; the firmware has "
			 "no DMAR or IVRS table: enable VT-d (Intel) or AMD-Vi in BIOS/UEFI");
	else
		lint_add(host, SEVERITY_ERROR, "iommu-off", NULL, KERNEL_IOMMU,
			 "the kernel has no IOMMU groups, so no VF can be assigned to a guest%s: "
			 "boot with intel_iommu=on iommu=pt (AMD: iommu=pt)",
			 host->iommu.firmware == 1 ? "; the firmware has the table" : "");
}

static void lint_numa(struct host *host)
{
	int64_t first = HOST_UNKNOWN;
	size_t capable = 0, known = 0;
	bool several = false, all_told = true;

	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];

		all_told &= nic->sriov_capable >= 0;
		if (!has_sriov(nic))
			continue;
		capable++;
		if (nic->numa_node < 0) {
			if (host->n_nodes > 1)
				lint_add(host, SEVERITY_WARNING, "nic-numa-unknown", nic_label(nic),
					 NOVA_NUMA,
					 "the firmware does not report the NIC's NUMA node, so "
					 "Nova ignores nodes when it places VFs: look for a "
					 "BIOS/UEFI update");
			continue;
		}
		several |= known > 0 && nic->numa_node != first;
		first = nic->numa_node;
		known++;
	}
	if (capable == 1 && all_told)
		lint_add(host, SEVERITY_WARNING, "sriov-one-nic", NULL, KERNEL_BOND,
			 "only one port has SR-IOV, so both legs of a bond would use it and fail "
			 "together: add a NIC");
	else if (capable > 1 && known == capable && !several && host->n_nodes > 1)
		lint_add(host, SEVERITY_NOTE, "sriov-one-node", NULL, NOVA_NUMA,
			 "all NICs with SR-IOV are on NUMA node %" PRId64
			 ": a guest with hw:numa_nodes=2 gains nothing on this host; a guest with "
			 "one cell must fit on that node",
			 first);
}

static void lint_links(struct host *host)
{
	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];
		size_t untrusted = 0, enabled = 0;

		for (size_t v = 0; v < nic->n_vfs; v++) {
			untrusted += vf_is_untrusted(&nic->vfs[v]) == 1;
			enabled += streq(nic->vfs[v].link_state, "enable");
		}
		if (nic->n_vfs > 0 && nic->name && nic->carrier == 0)
			lint_add(host, SEVERITY_WARNING, "nic-no-carrier", nic_label(nic), NULL,
				 "the PF has VFs but no carrier: check the cable and the switch "
				 "port");
		if (untrusted > 0)
			lint_add(host, SEVERITY_NOTE, "vf-untrusted", nic_label(nic), KERNEL_BOND,
				 "%zu %s a MAC set by the host and no trust: the kernel refuses "
				 "to add one to a bond with fail_over_mac=none (error -99); use "
				 "fail_over_mac=active or trusted ports",
				 untrusted, plural(untrusted, "VF has", "VFs have"));
		if (enabled > 0)
			lint_add(host, SEVERITY_NOTE, "vf-link-forced", nic_label(nic),
				 NEUTRON_SRIOV,
				 "the link state of %zu %s is 'enable': the guest's carrier "
				 "stays up when the cable is pulled, and miimon does not detect "
				 "it; set propagate_uplink_status on the port",
				 enabled, plural(enabled, "VF", "VFs"));
	}
}

/* Of the kernel's drivers, some with ndo_set_vf_link_state. Of others it is not known. */
static bool can_set_link_state(const struct host_nic *nic)
{
	return str_in_words("i40e ice mlx5_core", nic->driver ? nic->driver : "-");
}

/* Two PFs at least: the relay acts only while another path is proven. */
static void lint_relay(struct host *host)
{
	size_t pfs = 0, vfs = 0;

	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];
		size_t before = vfs;

		for (size_t v = 0; can_set_link_state(nic) && v < nic->n_vfs; v++)
			vfs += nic->vfs[v].in_use == 1 && streq(nic->vfs[v].link_state, "auto");
		pfs += vfs > before;
	}
	if (host->relay == 0 && pfs >= 2)
		lint_add(host, SEVERITY_NOTE, "relay-absent", NULL, KERNEL_VF_LINK,
			 "the link of %zu VFs in use follows that of their PFs, not the path "
			 "behind it: a guest without bondd does not notice when a switch, its "
			 "uplink or the VLAN fails; 'bondd relay' on this host can tell it",
			 vfs);
}

static void lint_ovs(struct host *host)
{
	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];

		if (nic->in_ovs == 1 && nic->n_vfs > 0)
			lint_add(host, SEVERITY_NOTE, "nic-ovs-and-vfs", nic_label(nic),
				 "Neutron, L2 agent extension FDB",
				 "the PF is a port of Open vSwitch and has VFs: the NIC sends a "
				 "VF's frames for a MAC behind that switch out on the cable, so "
				 "guests with VFs do not reach those with virtual ports here; "
				 "ML2/OVS has the agent extension fdb for that "
				 "(shared_physical_device_mappings), OVN has not: give OVN a NIC "
				 "of its own, or keep such guests on different hosts");
	}
}

static void lint_memory(struct host *host)
{
	bool known = host->n_nodes > 0, any = false;

	for (size_t n = 0; n < host->n_nodes; n++) {
		int64_t total = 0;

		for (size_t p = 0; p < host->nodes[n].n_pages; p++) {
			known &= host->nodes[n].pages[p].total >= 0;
			total += host->nodes[n].pages[p].total;
		}
		known &= host->nodes[n].n_pages > 0;
		any |= total > 0;
	}
	if (known && !any)
		lint_add(host, SEVERITY_WARNING, "hugepages-none", NULL, NOVA_NUMA,
			 "no node has huge pages, so a flavor with hw:mem_page_size=large (or a "
			 "size) does not fit: reserve them on each node at boot "
			 "(default_hugepagesz=1G hugepagesz=1G hugepages=N)");
}

/* Firmware tables that give CPUs to several nodes. */
static void lint_shared_cpus(struct host *host)
{
	for (size_t n = 1; n < host->n_nodes; n++)
		for (size_t m = 0; m < n; m++) {
			struct cpuset both = cpuset_and(&host->nodes[m].cpus, &host->nodes[n].cpus);
			cleanup_free char *object = NULL, *cpus = NULL;

			if (cpuset_count(&both) <= 0)
				continue;
			object = xasprintf("node %u", host->nodes[n].id);
			cpus = cpuset_format(&both);
			lint_add(host, SEVERITY_WARNING, "numa-cpus-shared", object, NOVA_NUMA,
				 "CPUs %s are in node %u, too: the firmware's tables are wrong, "
				 "and where a guest's CPUs and memory would be is unknown; look "
				 "for a BIOS/UEFI update, or boot with numa=off",
				 cpus, host->nodes[m].id);
		}
}

static void lint_cpus(struct host *host)
{
	bool dedicated = false, isolated = false;

	for (size_t n = 0; n < host->n_nodes; n++) {
		const struct host_node *node = &host->nodes[n];
		struct cpuset both = cpuset_and(&node->isolated, &node->shared);

		/* An unknown number may be above zero. */
		isolated |= cpuset_count(&node->isolated) != 0;
		dedicated |= cpuset_count(&node->dedicated) != 0;
		if (host->nova_conf != 1 || cpuset_count(&both) <= 0)
			continue;

		cleanup_free char *object = xasprintf("node %u", node->id);
		cleanup_free char *cpus = cpuset_format(&both);

		lint_add(host, SEVERITY_WARNING, "cpus-isolated-shared", object, NOVA_NUMA,
			 "CPUs %s are both isolated (isolcpus) and in Nova's shared set: the "
			 "kernel does not balance load over isolated CPUs, so floating guests "
			 "compete for a few of them; remove them from one",
			 cpus);
	}
	if (host->nova_conf == 1 && !dedicated && host->n_nodes > 0)
		lint_add(host, SEVERITY_WARNING, "cpus-none-dedicated", NULL, NOVA_NUMA,
			 "nova.conf defines no CPUs for hw:cpu_policy=dedicated: set [compute] "
			 "cpu_dedicated_set");
	else if (host->nova_conf == 0 && !isolated && host->n_nodes > 0)
		lint_add(host, SEVERITY_NOTE, "cpus-not-isolated", NULL, NOVA_NUMA,
			 "no CPU is isolated and nova.conf is unreadable, so whether CPUs are "
			 "reserved for pinned guests is unknown");
}

static void lint_conntrack(struct host *host)
{
	const struct host_conntrack *c = &host->conntrack;

	if (streq(c->verdict, "dropping"))
		lint_add(host, SEVERITY_WARNING, "conntrack-drops", NULL, KERNEL_CT,
			 "since boot the connection table was full: %" PRId64
			 " %s dropped, %" PRId64 " %s evicted early; see 'dnsvnf host --tune'",
			 c->drop, plural((uint64_t)c->drop, "packet", "packets"), c->early_drop,
			 plural((uint64_t)c->early_drop, "flow", "flows"));
	if (streq(c->verdict, "filling"))
		lint_add(host, SEVERITY_WARNING, "conntrack-filling", NULL, KERNEL_CT,
			 "%" PRId64 " of %" PRId64 " entries are in use, and a full table drops "
			 "new flows: see 'dnsvnf host --tune'",
			 c->count, c->max);
	if (c->max >= 0 && c->max < HOST_CONNTRACK_ENOUGH && c->new_flows_per_s >= 0)
		lint_add(host, SEVERITY_WARNING, "conntrack-small", NULL, KERNEL_CT,
			 "%" PRId64 " entries / %" PRId64 " s per UDP flow = %" PRId64
			 " new flows per second fill the table; DNS on an OVS port creates one "
			 "flow per query (direct ports are not affected): see 'dnsvnf host --tune'",
			 c->max, c->udp_timeout, c->new_flows_per_s);
}

static void lint_modules(struct host *host)
{
	for (size_t i = 0; i < host->n_modules; i++)
		if (streq(host->modules[i].name, "vfio-pci") &&
		    streq(host->modules[i].state, "absent"))
			lint_add(host, SEVERITY_ERROR, "vfio-pci-absent", NULL, KERNEL_IOMMU,
				 "the kernel has no vfio-pci, so no VF can be assigned to a guest: "
				 "install the package with the kernel's extra modules");
}

static int by_severity(const void *a, const void *b)
{
	const struct host_finding *x = a, *y = b;
	int order = (int)x->severity - (int)y->severity;

	if (order == 0)
		order = strcmp(x->rule, y->rule);
	return order ? order : strcmp(x->object ? x->object : "", y->object ? y->object : "");
}

void host_lint(struct host *host)
{
	lint_sriov(host);
	lint_iommu(host);
	lint_numa(host);
	lint_links(host);
	lint_drivers(host);
	lint_relay(host);
	lint_ovs(host);
	lint_memory(host);
	lint_shared_cpus(host);
	lint_cpus(host);
	lint_conntrack(host);
	lint_modules(host);
	if (host->n_findings)
		qsort(host->findings, host->n_findings, sizeof(*host->findings), by_severity);
}
