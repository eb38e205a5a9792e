// SPDX-License-Identifier: Apache-2.0
/* Where nova-compute and Neutron's SR-IOV agent have their files, by how they were installed. */
#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/oslo.h"
#include "host/read.h"
#include "host/tree.h"

static const struct oslo_key nova_keys[] = {
	{"DEFAULT", "reserved_huge_pages"},
	{"DEFAULT", "vcpu_pin_set"},
	{"DEFAULT", "pci_passthrough_whitelist"},
	{"compute", "cpu_dedicated_set"},
	{"compute", "cpu_shared_set"},
	{"pci", "device_spec"},
	{"pci", "passthrough_whitelist"},
};

static const struct oslo_key agent_keys[] = {{"sriov_nic", "physical_device_mappings"}};

#define TRIPLEO "var/lib/config-data/puppet-generated"
#define SNAP    "var/snap/openstack-hypervisor/common"

/*
 * TripleO, Kolla, the snaps, the distributions' packages. The service in a container or a snap is
 * what runs, even if the packages' files are there, too.
 */
static const char *const nova_folders[] = {
	TRIPLEO "/nova_libvirt/etc/nova",
	"etc/kolla/nova-compute",
	SNAP "/etc/nova",
	"var/snap/microstack/common/etc/nova",
	"etc/nova",
};

static const char *const agent_files[] = {
	TRIPLEO "/neutron/etc/neutron/plugins/ml2/sriov_agent.ini",
	"etc/kolla/neutron-sriov-agent/sriov_agent.ini",
	SNAP "/etc/neutron/plugins/ml2/sriov_agent.ini",
	"var/snap/microstack/common/etc/neutron/plugins/ml2/sriov_agent.ini",
	"etc/neutron/plugins/ml2/sriov_agent.ini",
};

/* In the order in which nova-compute takes them: files of its command line, then the folder. */
static void list_nova_files(struct tree *tree, const char *folder, struct strv *ret)
{
	cleanup_tree_names struct tree_names names = {0};

	strv_take(ret, xasprintf("%s/nova.conf", folder));
	strv_take(ret, xasprintf("%s/nova-compute.conf", folder));
	tree_list(tree, &names, "", "%s/nova.conf.d", folder);
	for (size_t i = 0; i < names.n; i++)
		if (str_ends(names.v[i], ".conf"))
			strv_take(ret, xasprintf("%s/nova.conf.d/%s", folder, names.v[i]));
}

static bool any_exists(struct tree *tree, const struct strv *paths)
{
	return array_find(paths->v, paths->n, tree_exists(tree, *it)) != NULL;
}

struct oslo_conf *nova_conf_read(struct tree *tree, struct host *host)
{
	cleanup_strv struct strv files = {0};

	for (size_t i = 0; i < ARRAY_SIZE(nova_folders); i++) {
		cleanup_strv struct strv found = {0};

		list_nova_files(tree, nova_folders[i], &found);
		if (!any_exists(tree, &found))
			continue;
		if (files.n == 0)
			files = steal(found);
		else
			lint_add(host, SEVERITY_NOTE, "nova-conf-several", NULL, NULL,
				 "the files in /%s are not read, since those of /%.*s are there, "
				 "too: if nova-compute runs with the former, CPUs and devices "
				 "here are not those that it uses",
				 nova_folders[i], (int)(strrchr(files.v[0], '/') - files.v[0]),
				 files.v[0]);
	}
	struct oslo_conf *conf = oslo_read(tree, &files, nova_keys, ARRAY_SIZE(nova_keys));
	host->nova_conf = conf != NULL;
	return conf;
}

struct oslo_conf *agent_conf_read(struct tree *tree)
{
	for (size_t i = 0; i < ARRAY_SIZE(agent_files); i++) {
		char *file = (char *)agent_files[i];
		const struct strv paths = {&file, 1};
		struct oslo_conf *conf =
			oslo_read(tree, &paths, agent_keys, ARRAY_SIZE(agent_keys));

		if (conf)
			return conf;
	}
	return NULL;
}
