/* SPDX-License-Identifier: Apache-2.0 */
/* A host with two XL710, for the tests of what is read from a host. */
#pragma once

#include "host_util.h"

#define PF0 "0000:18:00.0"
#define PF1 "0000:af:00.0"

static const struct file common[] = {
	{"proc/sys/kernel/hostname", "compute-7\n"},
	{"proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"},
	{"proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda2 token=hush intel_iommu=on iommu=pt "
			 "isolcpus=2-3,6-7 hugepages=4096\n"},
	{"sys/devices/system/cpu/online", "0-7\n"},
	{"sys/devices/system/cpu/isolated", "2-3,6-7\n"},
	{"sys/kernel/iommu_groups/17/devices/" PF0, "->x"},
	{"sys/kernel/iommu_groups/40/devices/x", "->x"},
	{"sys/class/iommu/dmar0", "->dmar0"},
	{"sys/firmware/acpi/tables/DMAR", ""},
	{"proc/modules", "i40e 1 0 - Live 0x0\nnf_conntrack 1 0 - Live 0x0\nfat 1 0 - Live\n"},
	{"lib/modules/6.1.0-13-amd64/modules.builtin", "kernel/drivers/vfio/pci/vfio-pci.ko\n"},
	{"lib/modules/6.1.0-13-amd64/modules.dep",
	 "kernel/drivers/net/bonding/bonding.ko: kernel/net/tls/tls.ko\n"
	 "kernel/drivers/net/ethernet/intel/iavf/iavf.ko.xz:\n"},
	{"proc/sys/net/netfilter/nf_conntrack_max", "65536\n"},
	{"proc/sys/net/netfilter/nf_conntrack_count", "120\n"},
	{"proc/sys/net/netfilter/nf_conntrack_buckets", "65536\n"},
	{"proc/sys/net/netfilter/nf_conntrack_udp_timeout", "30\n"},
	{"proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream", "120\n"},
	{"proc/net/stat/nf_conntrack",
	 "entries  clashres found new insert_failed drop early_drop icmp_error\n"
	 "00000078  00000000 00000000 00000000 0000000a 00000000 00000000 00000000\n"
	 "00000078  00000000 00000000 00000000 00000002 00000000 00000000 00000000\n"},
};

static const struct vf_setting vfs0[] = {
	{0, {0x52, 0x54, 0, 0, 0, 1}, 101, 1, 0, IFLA_VF_LINK_STATE_ENABLE},
	{1, {0}, 0, 1, 1, IFLA_VF_LINK_STATE_AUTO},
	{2, {0}, 0, UINT32_MAX, UINT32_MAX, IFLA_VF_LINK_STATE_DISABLE},
};

static inline void add_nova(struct tree_table *t, const char *text)
{
	add_file(t, "etc/nova/nova.conf", text);
}

/* Two nodes, an XL710 on each; the first has three VFs: in a guest, free, and a host's own. */
static inline void build_xl710(struct tree_table *t)
{
	cleanup_strbuf struct strbuf dump = {0};

	add_files(t, common, ARRAY_SIZE(common));
	add_node(t, 0);
	add_node(t, 1);
	add_pf(t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
	add_pf(t, PF1, "ens2f0", "0x1583\n", "i40e", 1);
	add_file(t, "ethtool/ens1f0",
		 "driver: i40e\nversion: 2.13.10\nfirmware-version: 6.80 0x8000a4ae 1.2926.0\n");
	add_file(t, "ethtool/ens2f0",
		 "driver: i40e\nversion: 2.4.6\nfirmware-version: 8.30 0x8000a4ae 1.2926.0\n");
	replace_file(t, "sys/bus/pci/devices/" PF0 "/sriov_numvfs", "3\n");
	add_vf(t, PF0, 0, "0000:18:02.0", "vfio-pci");
	add_vf(t, PF0, 1, "0000:18:02.1", "vfio-pci");
	add_vf(t, PF0, 2, "0000:18:02.2", "iavf");
	add_file(t, "sys/bus/pci/devices/0000:18:02.0/enable", "1\n");
	add_file(t, "sys/bus/pci/devices/0000:18:02.1/enable", "0\n");
	add_under(t, "sys/bus/pci/devices/0000:18:02.2/net/ens1f0v2", {"flags", "0x1103\n"},
		  {"upper_bond0", "->bond0"});
	add_link(&dump, "ens1f0", vfs0, ARRAY_SIZE(vfs0));
	tree_table_add(t, "netlink/link.dump", TREE_FILE, dump.s, dump.len);
	add_file(t, "etc/neutron/plugins/ml2/sriov_agent.ini",
		 "[sriov_nic]\nphysical_device_mappings = sriov0:ens1f0\n");
	add_nova(t, "[DEFAULT]\ntransport_url = rabbit://u:hush@host\n"
		    "reserved_huge_pages = node:0,size:2048,count:64\n"
		    "reserved_huge_pages = node:1,size:1GB,count:2\n"
		    "[compute]\ncpu_dedicated_set = 2-3,6-7\ncpu_shared_set = 0-7,^2-3,^6,^7\n"
		    "[pci]\n"
		    "device_spec = {\"devname\": \"ens1f0\", \"physical_network\": \"other\"}\n"
		    "device_spec = { \"devname\": \"ens2f0\",\n"
		    "   \"physical_network\": \"sriov1\" }\n");
}

/* Not inline: gcc would see that NULL is possible, where the test fails anyway. */
static __attribute__((noinline)) const struct host_finding *finding(const struct host *host,
								    const char *rule,
								    const char *object)
{
	for (size_t i = 0; i < host->n_findings; i++)
		if (streq(host->findings[i].rule, rule) && streq(host->findings[i].object, object))
			return &host->findings[i];
	return NULL;
}
