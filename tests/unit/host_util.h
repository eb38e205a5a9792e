/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts out of thin air: trees in memory, and the kernel's messages about VFs. */
#pragma once

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/pci_regs.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/tree.h"

struct file {
	const char *path;
	const char *text; /* "->NAME" is a link to NAME */
};

static inline void add_file(struct tree_table *t, const char *path, const char *text)
{
	size_t mark = str_starts(text, "->") ? strlen("->") : 0;

	tree_table_add(t, path, mark ? TREE_LINK : TREE_FILE, text + mark, strlen(text) - mark);
}

static inline void add_files(struct tree_table *t, const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_file(t, files[i].path, files[i].text);
}

static inline void add_files_under(struct tree_table *t, const char *folder,
				   const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("%s/%s", folder, files[i].path);

		add_file(t, path, files[i].text);
	}
}

/* Files below folder: add_under(t, "sys/x", {"name", "text"}, {"other", "text"}). */
#define add_under(t, folder, ...)                                      \
	add_files_under(t, folder, (const struct file[]){__VA_ARGS__}, \
			ARRAY_SIZE(((const struct file[]){__VA_ARGS__})))

/* A later file takes the place of an earlier one. */
static inline void replace_file(struct tree_table *t, const char *path, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (streq(t->v[i].path, path))
			t->v[i].path[0] = '#';
	add_file(t, path, text);
}

static inline void read_table(struct tree_table *t, struct host *host)
{
	tree_table_sort(t);

	struct tree *tree = tree_open_table(t);

	host_read(tree, host);
	tree_close(tree);
}

/* Node `id` with 4 CPUs in cores of 2 threads, 64 GiB, 1024 of 2048 pages of 2 MiB free. */
static inline void add_node(struct tree_table *t, unsigned id)
{
	cleanup_free char *node = xasprintf("sys/devices/system/node/node%u", id);
	cleanup_free char *cpulist = xasprintf("%u-%u\n", id * 4, id * 4 + 3);
	cleanup_free char *meminfo = xasprintf("\nNode %u MemTotal:       67108864 kB\n"
					       "Node %u MemFree:        33554432 kB\n",
					       id, id);
	cleanup_free char *package = xasprintf("%u\n", id);

	add_under(t, node, {"cpulist", cpulist}, {"meminfo", meminfo},
		  {"hugepages/hugepages-2048kB/nr_hugepages", "2048\n"},
		  {"hugepages/hugepages-2048kB/free_hugepages", "1024\n"},
		  {"hugepages/hugepages-1048576kB/nr_hugepages", "0\n"},
		  {"hugepages/hugepages-1048576kB/free_hugepages", "0\n"});
	for (unsigned cpu = id * 4; cpu < id * 4 + 4; cpu++) {
		cleanup_free char *topology =
			xasprintf("sys/devices/system/cpu/cpu%u/topology", cpu);
		cleanup_free char *core = xasprintf("%u-%u\n", cpu & ~1U, cpu | 1U);

		add_under(t, topology, {"physical_package_id", package},
			  {"thread_siblings_list", core});
	}
}

/* A PF without VFs yet; node -1 is what a firmware that does not tell gives. */
static inline void add_pf(struct tree_table *t, const char *address, const char *name,
			  const char *device, const char *driver, int node)
{
	cleanup_free char *pci = xasprintf("sys/bus/pci/devices/%s", address);
	cleanup_free char *net = xasprintf("%s/net/%s", pci, name);
	cleanup_free char *link = xasprintf("->%s", driver);
	cleanup_free char *node_text = xasprintf("%d\n", node);

	add_under(t, pci, {"class", "0x020000\n"}, {"vendor", "0x8086\n"}, {"device", device},
		  {"numa_node", node_text}, {"driver", link}, {"iommu_group", "->17"},
		  {"sriov_totalvfs", "64\n"}, {"sriov_numvfs", "0\n"},
		  {"sriov_vf_device", "154c\n"});
	add_under(t, net, {"address", "3c:fd:fe:00:00:01\n"}, {"carrier", "1\n"},
		  {"speed", "40000\n"}, {"flags", "0x1003\n"});
}

static inline void add_vf(struct tree_table *t, const char *pf, unsigned index, const char *address,
			  const char *driver)
{
	cleanup_free char *link = xasprintf("sys/bus/pci/devices/%s/virtfn%u", pf, index);
	cleanup_free char *vf = xasprintf("sys/bus/pci/devices/%s", address);
	cleanup_free char *target = xasprintf("->%s", address);
	cleanup_free char *owner = xasprintf("->%s", pf);
	cleanup_free char *bound = xasprintf("->%s", driver);

	add_file(t, link, target);
	add_under(t, vf, {"class", "0x020000\n"}, {"physfn", owner}, {"iommu_group", "->40"});
	if (*driver)
		add_under(t, vf, {"driver", bound});
}

/* One RTM_NEWLINK about an interface and its VFs, as rtnl_fill_vfinfo makes it. */
struct vf_setting {
	unsigned index;
	uint8_t mac[6];
	uint32_t vlan, spoof, trust, state;
};

static inline void add_link(struct strbuf *dump, const char *name, const struct vf_setting *vfs,
			    size_t n)
{
	char buffer[8192];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);

	m->nlmsg_type = RTM_NEWLINK;
	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, name);

	struct nlattr *list = mnl_attr_nest_start(m, IFLA_VFINFO_LIST);

	for (size_t i = 0; i < n; i++) {
		struct ifla_vf_mac mac = {.vf = vfs[i].index};
		struct ifla_vf_vlan vlan = {.vf = vfs[i].index, .vlan = vfs[i].vlan};
		struct ifla_vf_spoofchk spoof = {vfs[i].index, vfs[i].spoof};
		struct ifla_vf_trust trust = {vfs[i].index, vfs[i].trust};
		struct ifla_vf_link_state state = {vfs[i].index, vfs[i].state};
		struct nlattr *info = mnl_attr_nest_start(m, IFLA_VF_INFO);

		memcpy(mac.mac, vfs[i].mac, sizeof(vfs[i].mac));
		mnl_attr_put(m, IFLA_VF_MAC, sizeof(mac), &mac);
		mnl_attr_put(m, IFLA_VF_VLAN, sizeof(vlan), &vlan);
		mnl_attr_put(m, IFLA_VF_SPOOFCHK, sizeof(spoof), &spoof);
		mnl_attr_put(m, IFLA_VF_TRUST, sizeof(trust), &trust);
		mnl_attr_put(m, IFLA_VF_LINK_STATE, sizeof(state), &state);
		mnl_attr_nest_end(m, info);
	}
	mnl_attr_nest_end(m, list);
	strbuf_add(dump, buffer, NLMSG_ALIGN(m->nlmsg_len));
}

/* Config space of a PCIe function: an ARI capability, then SR-IOV with that many VFs. */
static inline void add_config(struct tree_table *t, const char *address, size_t len, uint16_t total)
{
	cleanup_free char *path = xasprintf("sys/bus/pci/devices/%s/config", address);
	uint8_t config[4096] = {0x86, 0x80};
	const uint32_t ari = PCI_EXT_CAP_ID_ARI | 1U << 16 | 0x150U << 20;
	const uint32_t sriov = PCI_EXT_CAP_ID_SRIOV | 1U << 16;

	memcpy(config + 0x100, &ari, 4);
	memcpy(config + 0x150, &sriov, 4);
	memcpy(config + 0x150 + PCI_SRIOV_TOTAL_VF, &total, 2);
	tree_table_add(t, path, TREE_FILE, config, len);
}

/* As a list; NULL: not known. */
static inline void assert_cpus(const struct cpuset *cpus, const char *expected)
{
	cleanup_free char *text = cpuset_format(cpus);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}
