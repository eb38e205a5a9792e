// SPDX-License-Identifier: Apache-2.0
#include "host/host.h"

#include "base/alloc.h"
#include "host/oslo.h"
#include "host/read.h"
#include "host/tree.h"

/* systemd creates the folder at the start and removes it at the end. */
static int64_t relay_read(struct tree *tree)
{
	cleanup_tree_names struct tree_names names = {0};

	tree_list(tree, &names, "bondd-relay", "run");
	return names.known ? names.n > 0 : HOST_UNKNOWN;
}

void host_read(struct tree *tree, struct host *ret_host)
{
	struct host host = {
		.hostname = tree_text(tree, "proc/sys/kernel/hostname"),
		.kernel = tree_text(tree, "proc/sys/kernel/osrelease"),
	};
	struct oslo_conf *nova = nova_conf_read(tree, &host);
	struct oslo_conf *agent = agent_conf_read(tree);

	cmdline_read(tree, &host);
	nodes_read(tree, nova, &host);
	nics_read(tree, &host);
	links_read(tree, &host);
	physnets_apply(nova, agent, &host);
	iommu_read(tree, &host);
	modules_read(tree, &host);
	conntrack_read(tree, &host);
	oslo_free(nova);
	oslo_free(agent);
	host.relay = relay_read(tree);
	host_lint(&host);
	*ret_host = host;
}

static void vf_clear(struct host_vf *vf)
{
	free_all(vf->pci_address, vf->driver, vf->name, vf->mac, vf->physnet);
}

static void nic_clear(struct host_nic *nic)
{
	free_all(nic->pci_address, nic->pci_id, nic->vf_pci_id, nic->model, nic->name, nic->driver,
		 nic->driver_version, nic->firmware, nic->mac, nic->physnet);
	array_free(nic->vfs, nic->n_vfs, vf_clear);
}

void host_clear(struct host *host)
{
	free_all(host->hostname, host->kernel, host->cmdline);
	for (size_t i = 0; i < host->n_nodes; i++) {
		free_all(host->nodes[i].siblings, host->nodes[i].pages);
	}
	free(host->nodes);
	array_free(host->nics, host->n_nics, nic_clear);
	for (size_t i = 0; i < host->iommu.n_units; i++)
		free(host->iommu.units[i]);
	free_all(host->iommu.units, host->modules);
	for (size_t i = 0; i < host->n_findings; i++) {
		free_all(host->findings[i].rule, host->findings[i].object, host->findings[i].text,
			 host->findings[i].source);
	}
	free(host->findings);
	*host = (struct host){0};
}
