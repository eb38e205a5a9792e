// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "host_document.h"
#include "host_xl710.h"

static void test_nodes(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);
	assert_string_equal(h.hostname, "compute-7");
	assert_int_equal(h.n_nodes, 2);
	assert_int_equal(h.nodes[1].id, 1);
	assert_int_equal(h.nodes[1].socket, 1);
	assert_int_equal(h.nodes[1].memory_mb, 65536);
	assert_int_equal(h.nodes[1].memory_free_mb, 32768);
	assert_cpus(&h.nodes[1].cpus, "4-7");
	assert_cpus(&h.nodes[1].isolated, "6-7");
	assert_cpus(&h.nodes[1].dedicated, "6-7");
	assert_cpus(&h.nodes[1].shared, "4-5");
	assert_int_equal(h.nodes[1].n_siblings, 2);
	assert_cpus(&h.nodes[1].siblings[1], "6-7");
	assert_int_equal(h.nodes[0].n_pages, 2);
	assert_int_equal(h.nodes[0].pages[0].size_kb, 2048);
	assert_int_equal(h.nodes[0].pages[0].total, 2048);
	assert_int_equal(h.nodes[0].pages[0].free, 1024);
	assert_int_equal(h.nodes[0].pages[0].reserved, 64);
	assert_int_equal(h.nodes[1].pages[0].reserved, 0);
	assert_int_equal(h.nodes[1].pages[1].reserved, 2);
}

static void test_nics_and_vfs(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);
	assert_int_equal(h.n_nics, 2); /* VFs are not NICs of their own */

	const struct host_nic *n = &h.nics[0];
	assert_string_equal(n->name, "ens1f0");
	assert_string_equal(n->pci_id, "8086:1583");
	assert_string_equal(n->driver_version, "2.13.10");
	assert_string_equal(n->firmware, "6.80 0x8000a4ae 1.2926.0");
	assert_string_equal(n->physnet, "sriov0");
	assert_int_equal(n->numa_node, 0);
	assert_int_equal(n->carrier, 1);
	assert_int_equal(n->speed, 40000);
	assert_int_equal(n->iommu_group, 17);
	assert_int_equal(n->vfs_total, 64);
	assert_int_equal(n->vfs_configured, 3);
	assert_int_equal(n->vfs_free, 1);
	assert_int_equal(h.nics[1].vfs_configured, 0);
	assert_int_equal(h.nics[1].vfs_free, 0);
	assert_string_equal(h.nics[1].physnet, "sriov1");
	assert_int_equal(h.nics[1].numa_node, 1);
	assert_int_equal(n->n_vfs, 3);

	const struct host_vf *v = n->vfs;
	assert_string_equal(v[0].pci_address, "0000:18:02.0");
	assert_string_equal(v[0].mac, "52:54:00:00:00:01");
	assert_int_equal(v[0].vlan, 101);
	assert_int_equal(v[0].trust, 0);
	assert_int_equal(v[0].spoof_check, 1);
	assert_string_equal(v[0].link_state, "enable");
	assert_int_equal(v[0].iommu_group, 40);
	assert_int_equal(v[0].in_use, 1); /* vfio-pci, opened */
	assert_int_equal(v[1].in_use, 0); /* vfio-pci, bound only */
	assert_int_equal(v[1].trust, 1);
	assert_string_equal(v[2].name, "ens1f0v2");
	assert_string_equal(v[2].driver, "iavf");
	assert_int_equal(v[2].in_use, 1);           /* in a bond of the host */
	assert_int_equal(v[2].trust, HOST_UNKNOWN); /* the driver does not know */
	assert_int_equal(v[2].spoof_check, HOST_UNKNOWN);
	assert_string_equal(v[2].link_state, "disable");
}

static void test_findings_of_an_xl710(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);
	assert_non_null(finding(&h, "firmware-700-series", "ens1f0"));
	assert_null(finding(&h, "firmware-700-series", "ens2f0"));
	assert_null(finding(&h, "driver-i40e-version", "ens1f0")); /* 2.13.10 is after 2.8.43 */
	assert_non_null(finding(&h, "driver-i40e-version", "ens2f0"));
	assert_non_null(finding(&h, "driver-i40e-untrusted-mac", "ens1f0"));
	assert_non_null(finding(&h, "driver-iavf-mtu", "ens1f0"));
	assert_null(finding(&h, "driver-iavf-mtu", "ens2f0")); /* no VFs */
	assert_non_null(finding(&h, "vf-untrusted", "ens1f0"));
	assert_non_null(strstr(finding(&h, "vf-untrusted", "ens1f0")->text, "1 VF has a MAC"));
	assert_non_null(finding(&h, "vf-link-forced", "ens1f0"));
	assert_non_null(finding(&h, "sriov-no-vfs", "ens2f0"));
	assert_null(finding(&h, "iommu-off", NULL));
	assert_null(finding(&h, "sriov-one-node", NULL));
	assert_null(finding(&h, "hugepages-none", NULL));
	assert_null(finding(&h, "vfio-pci-absent", NULL));
	for (size_t i = 0; i < h.n_findings; i++)
		assert_int_not_equal(h.findings[i].severity, SEVERITY_ERROR);
}

static void test_kernel(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);
	assert_string_equal(h.cmdline, "intel_iommu=on iommu=pt isolcpus=2-3,6-7 hugepages=4096");
	assert_int_equal(h.iommu.on, 1);
	assert_int_equal(h.iommu.groups, 2);
	assert_int_equal(h.iommu.firmware, 1);
	for (size_t i = 0; i < h.n_modules; i++) {
		const char *name = h.modules[i].name;
		const char *expected = streq(name, "i40e") || streq(name, "nf_conntrack") ? "loaded"
				       : streq(name, "vfio-pci")                       ? "builtin"
				       : streq(name, "bonding") || streq(name, "iavf") ? "available"
										       : "absent";
		assert_string_equal(h.modules[i].state, expected);
	}
}

static void test_conntrack(void **state)
{
	static const struct {
		const char *file, *text, *verdict, *rule;
		int64_t flows;
	} rows[] = {
		{"max", "65536\n", "small", "conntrack-small", 2184},
		{"max", "262144\n", "ok", NULL, 8738},
		{"udp_timeout", "10\n", "small", "conntrack-small", 6553},
		{"count", "65000\n", "filling", "conntrack-filling", 2184},
		{"max", "many\n", NULL, NULL, HOST_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *path =
			xasprintf("proc/sys/net/netfilter/nf_conntrack_%s", rows[i].file);

		add_files(&t, common, ARRAY_SIZE(common));
		replace_file(&t, path, rows[i].text);
		read_table(&t, &h);
		assert_int_equal(h.conntrack.new_flows_per_s, rows[i].flows);
		assert_int_equal(h.conntrack.insert_failed, 12);
		assert_true(streq(h.conntrack.verdict, rows[i].verdict));
		if (rows[i].rule)
			assert_non_null(finding(&h, rows[i].rule, NULL));
		else
			assert_null(finding(&h, "conntrack-small", NULL));
	}
}

static void test_conntrack_drops(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	add_files(&t, common, ARRAY_SIZE(common));
	replace_file(&t, "proc/net/stat/nf_conntrack",
		     "entries drop early_drop\n00000001 00000010 00000001\n"
		     "00000001 00000001 00000000\n");
	read_table(&t, &h);
	assert_int_equal(h.conntrack.drop, 17);
	assert_int_equal(h.conntrack.early_drop, 1);
	assert_int_equal(h.conntrack.insert_failed, HOST_UNKNOWN); /* no such column */
	assert_string_equal(h.conntrack.verdict, "dropping");
	assert_non_null(finding(&h, "conntrack-drops", NULL));
}

static void test_e810(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	add_files(&t, common, ARRAY_SIZE(common));
	add_node(&t, 0);
	add_node(&t, 1);
	add_pf(&t, PF0, "ens1f0", "0x1592\n", "ice", 0);
	add_pf(&t, PF1, "ens1f1", "0x1592\n", "ice", 0);
	add_file(&t, "ethtool/ens1f0",
		 "driver: ice\nversion: 6.1.0-13-amd64\n"
		 "firmware-version: N/A\n");
	read_table(&t, &h);
	assert_null(h.nics[0].firmware);
	assert_non_null(finding(&h, "driver-ice-bonding", "ens1f0"));
	assert_non_null(finding(&h, "sriov-one-node", NULL)); /* both on node 0 of two */
}

static void test_ixgbe(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	add_files(&t, common, ARRAY_SIZE(common));
	add_pf(&t, PF0, "ens1f0", "0x10fb\n", "ixgbe", 0);
	read_table(&t, &h);
	assert_non_null(finding(&h, "driver-ixgbe-link-state", "ens1f0"));
	assert_null(finding(&h, "driver-iavf-mtu", "ens1f0"));
}

static void test_driver_versions(void **state)
{
	static const struct {
		const char *version;
		bool old;
	} rows[] = {
		{"2.8.43", false},         {"2.8.42", true},  {"2.8", true},
		{"2.10.1", false},         {"1.99.99", true}, {"2.8.43.1", false},
		{"2.8.20-k", false},       /* the kernel's own, before 5.11 */
		{"6.1.0-13-amd64", false}, /* and since */
		{"unknown", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *info = xasprintf("driver: i40e\nversion: %s\n", rows[i].version);

		add_files(&t, common, ARRAY_SIZE(common));
		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		add_file(&t, "ethtool/ens1f0", info);
		read_table(&t, &h);
		assert_int_equal(finding(&h, "driver-i40e-version", "ens1f0") != NULL, rows[i].old);
	}
}

/* What one port lacks for certain, and what nobody could see of it. */
static void test_one_port_with_sriov(void **state)
{
	(void)state;
	for (int privileged = 0; privileged <= 1; privileged++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		add_node(&t, 0);
		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		add_pf(&t, PF1, "eno1", "0x1533\n", "igb", 0);
		replace_file(&t, "sys/bus/pci/devices/" PF1 "/sriov_totalvfs", "");
		add_config(&t, PF1, privileged ? 4096 : 64, 0);
		read_table(&t, &h);
		assert_int_equal(finding(&h, "sriov-one-nic", NULL) != NULL, privileged);
	}
}

static void test_sriov_off(void **state)
{
	static const struct {
		size_t config_len;
		uint16_t in_config;
		const char *totalvfs; /* NULL: the kernel has no such file */
		int64_t capable;
		enum sriov_obstacle obstacle;
	} rows[] = {
		{4096, 64, NULL, 1, SRIOV_OFF}, /* seen, but not offered */
		{4096, 64, "0\n", 1, SRIOV_OFF},
		{4096, 0, NULL, 0, SRIOV_CLEAR},
		{256, 0, NULL, 0, SRIOV_CLEAR}, /* conventional PCI has no such capability */
		{0x154, 64, NULL, HOST_UNKNOWN, SRIOV_CLEAR}, /* cut in the capability */
		{64, 0, NULL, HOST_UNKNOWN, SRIOV_CLEAR},     /* without privileges */
		{64, 0, "0\n", 1, SRIOV_OFF},
		{64, 0, "64\n", 1, SRIOV_CLEAR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		add_files(&t, common, ARRAY_SIZE(common));
		add_node(&t, 0);
		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		add_config(&t, PF0, rows[i].config_len, rows[i].in_config);
		replace_file(&t, "sys/bus/pci/devices/" PF0 "/sriov_totalvfs",
			     rows[i].totalvfs ? rows[i].totalvfs : "");
		read_table(&t, &h);
		assert_int_equal(h.nics[0].sriov_capable, rows[i].capable);
		assert_int_equal(h.nics[0].sriov_obstacle, rows[i].obstacle);
		assert_int_equal(finding(&h, "sriov-off", "ens1f0") != NULL,
				 rows[i].obstacle == SRIOV_OFF);
	}
}

static void test_no_address_space_for_vfs(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
	add_file(&t, "sys/bus/pci/devices/" PF0 "/resource",
		 "0xc6000000 0xc67fffff 0x14220c\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n"
		 "0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x3ffffff 0x2014220c\n"
		 "0x0 0x0 0x0\n");
	read_table(&t, &h);
	assert_int_equal(h.nics[0].sriov_obstacle, SRIOV_NO_ROOM);
	assert_non_null(finding(&h, "sriov-no-room", "ens1f0"));
}

static void test_iommu_off(void **state)
{
	static const struct {
		const char *tables; /* what the firmware's folder has */
		const char *says;
	} rows[] = {
		{"sys/firmware/acpi/tables/FACP", "enable VT-d"},
		{"sys/firmware/acpi/tables/DMAR", "the firmware has the table"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		add_file(&t, rows[i].tables, "");
		tree_table_add(&t, "sys/kernel/iommu_groups", TREE_FOLDER, "", 0);
		read_table(&t, &h);
		assert_int_equal(h.iommu.on, 0);
		assert_non_null(finding(&h, "iommu-off", NULL));
		assert_non_null(strstr(finding(&h, "iommu-off", NULL)->text, rows[i].says));
		assert_int_equal(h.findings[0].severity, SEVERITY_ERROR); /* errors first */
	}
}

/* Nothing is to be seen: everything is unknown, and nothing is said to be wrong. */
static void test_nothing(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	read_table(&t, &h);
	assert_int_equal(h.n_findings, 0);

	cleanup_free char *json = host_json(&h);
	json_t *document = json_loads(json, 0, NULL);

	assert_true(json_is_null(json_object_get(document, "hostname")));
	assert_int_equal(json_array_size(json_object_get(document, "numa_nodes")), 0);
	assert_true(json_is_array(json_object_get(document, "nics")));
	assert_true(json_is_null(json_object_get(json_object_get(document, "iommu"), "on")));
	assert_true(json_is_null(json_object_get(json_object_get(document, "conntrack"), "max")));
	json_decref(document);
}

/* The keys that other programs read. */
static void test_json(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};
	int id, socket, memory, cpu, pages, total, unused, index, vlan;
	const char *physnet, *address;
	int in_use, trust;
	json_t *null;

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);

	cleanup_free char *json = host_json(&h);
	json_t *d = json_loads(json, 0, NULL);

	assert_non_null(d);
	assert_int_equal(json_unpack(json_array_get(json_object_get(d, "numa_nodes"), 1),
				     "{s:i s:i s:i s:[i,*] s:[[i,*],*] s:[{s:i},*]}", "id", &id,
				     "socket", &socket, "memory_mb", &memory, "dedicated_cpus",
				     &cpu, "siblings", &cpu, "huge_pages", "free", &pages),
			 0);
	assert_int_equal(pages, 1024);
	assert_int_equal(json_unpack(json_array_get(json_object_get(d, "nics"), 0),
				     "{s:s s:{s:i s:i} s:[{s:i s:s s:b s:i s:b},*]}", "physnet",
				     &physnet, "sriov", "total", &total, "free", &unused, "vfs",
				     "index", &index, "pci_address", &address, "in_use", &in_use,
				     "vlan", &vlan, "trust", &trust),
			 0);
	assert_string_equal(physnet, "sriov0");
	assert_int_equal(unused, 1);
	assert_true(in_use);
	assert_false(trust);
	assert_int_equal(vlan, 101);
	null = json_object_get(
		json_array_get(
			json_object_get(json_array_get(json_object_get(d, "nics"), 0), "vfs"), 2),
		"trust");
	assert_true(json_is_null(null));
	json_decref(d);
}

static void test_links_from_a_broken_dump(void **state)
{
	cleanup_strbuf struct strbuf dump = {0};
	const struct vf_setting beyond[] = {{7, {2}, 0, 0, 0, 0}};

	(void)state;
	add_link(&dump, "ens1f0", beyond, 1); /* an index that the host has no VF for */
	add_link(&dump, "ens1f", vfs0, ARRAY_SIZE(vfs0));
	add_link(&dump, "ens1f0", vfs0, 1);
	for (size_t len = 0; len <= dump.len; len++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		replace_file(&t, "sys/bus/pci/devices/" PF0 "/sriov_numvfs", "1\n");
		add_vf(&t, PF0, 0, "0000:18:02.0", "");
		tree_table_add(&t, "netlink/link.dump", TREE_FILE, dump.s, len);
		read_table(&t, &h);
		assert_int_equal(h.nics[0].vfs[0].in_use, 0); /* no driver has it */
		if (len < dump.len)
			assert_null(h.nics[0].vfs[0].mac);
		else
			assert_string_equal(h.nics[0].vfs[0].mac, "52:54:00:00:00:01");
	}
}

/* A message that says it is longer than the dump, up to where the length looks negative. */
static void test_links_longer_than_the_dump(void **state)
{
	static const uint32_t lengths[] = {0, 15, 1u << 20, INT32_MAX, 1u << 31, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_strbuf struct strbuf dump = {0};

		add_link(&dump, "ens1f0", vfs0, 1);
		memcpy(dump.s, &lengths[i], sizeof(lengths[i]));
		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		replace_file(&t, "sys/bus/pci/devices/" PF0 "/sriov_numvfs", "1\n");
		add_vf(&t, PF0, 0, "0000:18:02.0", "");
		tree_table_add(&t, "netlink/link.dump", TREE_FILE, dump.s, dump.len);
		read_table(&t, &h);
		assert_null(h.nics[0].vfs[0].mac);
	}
}

static void test_firmware_as_the_driver_prints_it(void **state)
{
	static const struct {
		const char *firmware;
		bool old;
	} rows[] = {
		{"8.15 0x8000af31 1.2877.0", true},
		{"8.20 0x8000af31 1.2877.0", false},
		{"8.1f 0x8000af31 1.2877.0", true},
		{"8.30", false},
		{"7.20", true},
		{"9.05 0x8000", false},
		{"f4.33.31377 a1.2 n4.42 e1932", false}, /* as before Linux 3.17 */
		{"6.0.1", false}, /* three numbers: another vendor's release */
		{"8.2", false},   /* not as the driver prints it */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *info = xasprintf(
			"driver: i40e\nversion: 6.1.0\nfirmware-version: %s\n", rows[i].firmware);

		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		add_file(&t, "ethtool/ens1f0", info);
		read_table(&t, &h);
		assert_int_equal(finding(&h, "firmware-700-series", "ens1f0") != NULL, rows[i].old);
	}
}

static void test_nodes_that_share_cpus(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host right = {0}, wrong = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &right);
	assert_null(finding(&right, "numa-cpus-shared", "node 1"));
	replace_file(&t, "sys/devices/system/node/node1/cpulist", "3-7\n");
	read_table(&t, &wrong);
	assert_non_null(finding(&wrong, "numa-cpus-shared", "node 1"));
	assert_non_null(strstr(finding(&wrong, "numa-cpus-shared", "node 1")->text,
			       "CPUs 3 are in node 0"));
}

static void test_ovs_and_vfs_on_one_nic(void **state)
{
	static const struct {
		const char *upper, *of_upper;
		bool said;
	} rows[] = {
		{"upper_ovs-system", NULL, true},
		{"upper_bond0", "sys/class/net/bond0/upper_ovs-system", true},
		{"upper_bond0", "sys/class/net/bond0/upper_vlan7", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *upper =
			xasprintf("sys/bus/pci/devices/" PF0 "/net/ens1f0/%s", rows[i].upper);

		build_xl710(&t);
		add_file(&t, upper, "->x");
		if (rows[i].of_upper)
			add_file(&t, rows[i].of_upper, "->x");
		read_table(&t, &h);
		assert_int_equal(finding(&h, "nic-ovs-and-vfs", "ens1f0") != NULL, rows[i].said);
	}
}

/* What is recorded while a host is read gives the same host again, and has no secrets. */
static void test_capture_gives_the_same(void **state)
{
	cleanup_tree_table struct tree_table t = {0}, captured = {0};
	cleanup_host struct host first = {0}, second = {0};

	(void)state;
	build_xl710(&t);
	add_config(&t, PF1, 4096, 64);
	tree_table_sort(&t);

	struct tree *tree = tree_open_table(&t);
	tree_record(tree, &captured);
	host_read(tree, &first);
	tree_close(tree);
	read_table(&captured, &second);

	cleanup_free char *a = host_json(&first), *b = host_json(&second);

	assert_string_equal(a, b);
	for (size_t i = 0; i < captured.n; i++)
		assert_null(memmem(captured.v[i].data, captured.v[i].len, "hush", 4));
}

/* Said where it is known that the relay could do it, and does not run. */
static void test_relay_absent(void **state)
{
	static const struct {
		int64_t relay;
		const char *driver, *link_state;
		int64_t in_use;
		bool said;
	} rows[] = {
		{0, "ice", "auto", 1, true},    {1, "ice", "auto", 1, false},
		{0, "igb", "auto", 1, false},   {HOST_UNKNOWN, "ice", "auto", 1, false},
		{0, "ice", "enable", 1, false}, {0, "ice", "auto", 0, false},
		{0, NULL, "auto", 1, false},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t pfs = 1; pfs <= 2; pfs++) {
			cleanup_host struct host h = {.relay = rows[i].relay};

			for (size_t p = 0; p < pfs; p++) {
				struct host_nic *nic = array_push(h.nics, h.n_nics);
				struct host_vf *vf;

				nic->pci_address = xasprintf("0000:0%zu:00.0", p);
				nic->driver = xstrdup(rows[i].driver);
				vf = array_push(nic->vfs, nic->n_vfs);
				vf->link_state = rows[i].link_state;
				vf->in_use = rows[i].in_use;
			}
			host_lint(&h);
			assert_int_equal(finding(&h, "relay-absent", NULL) != NULL,
					 rows[i].said && pfs == 2);
		}
}

static void test_relay_is_seen(void **state)
{
	(void)state;
	for (int running = 0; running < 2; running++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		build_xl710(&t);
		add_file(&t, running ? "run/bondd-relay/lock" : "run/other/lock", "");
		read_table(&t, &h);
		assert_int_equal(h.relay, running);
	}
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	build_xl710(&t);
	read_table(&t, &h);
	assert_int_equal(h.relay, HOST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay_absent),
		cmocka_unit_test(test_relay_is_seen),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_nics_and_vfs),
		cmocka_unit_test(test_findings_of_an_xl710),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_conntrack),
		cmocka_unit_test(test_conntrack_drops),
		cmocka_unit_test(test_e810),
		cmocka_unit_test(test_ixgbe),
		cmocka_unit_test(test_driver_versions),
		cmocka_unit_test(test_one_port_with_sriov),
		cmocka_unit_test(test_sriov_off),
		cmocka_unit_test(test_no_address_space_for_vfs),
		cmocka_unit_test(test_iommu_off),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_links_from_a_broken_dump),
		cmocka_unit_test(test_links_longer_than_the_dump),
		cmocka_unit_test(test_firmware_as_the_driver_prints_it),
		cmocka_unit_test(test_nodes_that_share_cpus),
		cmocka_unit_test(test_ovs_and_vfs_on_one_nic),
		cmocka_unit_test(test_capture_gives_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
