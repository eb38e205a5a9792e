// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"
#include "host/tree.h"

enum {
	MAX_NICS = 1024,
	MAX_VFS = 1024,   /* VFs per PF; PCIe allows more, but no NIC has more */
	FIRST_VF_BAR = 7, /* PCI_IOV_RESOURCES of the kernel: lines 7 to 12 of "resource" */
	LAST_VF_BAR = 12,
	IFF_UP_BIT = 1,
};

/* The number in the name of a link's target: IOMMU group, package or node. */
static int64_t target_number(struct tree *tree, const char *device, const char *link)
{
	cleanup_free char *name = tree_target(tree, PCI_DEVICES "/%s/%s", device, link);
	int64_t n;

	return name && str_to_int(name, 0, INT32_MAX, &n) == 0 ? n : HOST_UNKNOWN;
}

/* In switchdev mode the NIC's port representors are listed next to the PF's own interface. */
static bool is_representor(struct tree *tree, const char *folder, const char *name)
{
	cleanup_free char *port = tree_text(tree, "%s/%s/phys_port_name", folder, name);

	return port && strstr(port, "vf");
}

/* The interface in the folder, or NULL. */
static char *first_interface(struct tree *tree, const char *folder)
{
	cleanup_tree_names struct tree_names names = {0};

	tree_list(tree, &names, "", "%s", folder);
	for (size_t i = 0; i < names.n; i++)
		if (names.n == 1 || !is_representor(tree, folder, names.v[i]))
			return steal_ptr(names.v[i]);
	return NULL;
}

/* The folder of the interface of a PCI function, or of the virtio device on it. */
static char *interface_folder(struct tree *tree, const char *device, char **ret_name)
{
	cleanup_tree_names struct tree_names virtio = {0};
	cleanup_free char *folder = xasprintf(PCI_DEVICES "/%s/net", device);

	*ret_name = first_interface(tree, folder);
	if (!*ret_name) {
		tree_list(tree, &virtio, "virtio", PCI_DEVICES "/%s", device);
		if (virtio.n == 0)
			return NULL;
		free(folder);
		folder = xasprintf(PCI_DEVICES "/%s/%s/net", device, virtio.v[0]);
		*ret_name = first_interface(tree, folder);
	}
	return *ret_name ? xasprintf("%s/%s", folder, *ret_name) : NULL;
}

/* Whether the host uses the interface: it is up and part of a bond, a bridge or a macvtap. */
static int64_t interface_in_use(struct tree *tree, const char *device, const char *name)
{
	cleanup_tree_names struct tree_names uppers = {0};
	cleanup_free char *flags = tree_text(tree, PCI_DEVICES "/%s/net/%s/flags", device, name);
	unsigned bits;

	if (!flags || sscanf(flags, "%x", &bits) != 1)
		return HOST_UNKNOWN;
	if (!(bits & IFF_UP_BIT))
		return 0;
	tree_list(tree, &uppers, "upper_", PCI_DEVICES "/%s/net/%s", device, name);
	return uppers.known ? uppers.n > 0 : HOST_UNKNOWN;
}

/*
 * vfio-pci enables the device when a guest opens it and disables it when the guest stops
 * (vfio_pci_core_enable). Other drivers enable it while it is bound.
 */
static int64_t vf_in_use(struct tree *tree, const struct host_vf *vf)
{
	if (!vf->driver)
		return 0;
	if (strstr(vf->driver, "vfio")) {
		int64_t enabled = tree_number(tree, PCI_DEVICES "/%s/enable", vf->pci_address);

		return enabled < 0 ? HOST_UNKNOWN : enabled > 0;
	}
	/* A network driver but no interface here: the interface may be in a container. */
	return vf->name ? interface_in_use(tree, vf->pci_address, vf->name) : HOST_UNKNOWN;
}

static void read_vf(struct tree *tree, unsigned index, char *address, struct host_vf *vf)
{
	*vf = (struct host_vf){
		.index = index,
		.pci_address = address,
		.driver = tree_target(tree, PCI_DEVICES "/%s/driver", address),
		.iommu_group = target_number(tree, address, "iommu_group"),
		.vlan = HOST_UNKNOWN,
		.trust = HOST_UNKNOWN,
		.spoof_check = HOST_UNKNOWN,
		.assignable = HOST_UNKNOWN,
		.trusted = HOST_UNKNOWN,
	};
	if (vf->driver && !strstr(vf->driver, "vfio")) {
		cleanup_free char *folder = xasprintf(PCI_DEVICES "/%s/net", address);

		vf->name = first_interface(tree, folder);
	}
	vf->in_use = vf_in_use(tree, vf);
}

static void read_vfs(struct tree *tree, struct host_nic *nic)
{
	size_t unknown = 0, unused = 0;

	for (unsigned i = 0; i < MAX_VFS && (int64_t)i < nic->vfs_configured; i++) {
		char *address = tree_target(tree, PCI_DEVICES "/%s/virtfn%u", nic->pci_address, i);

		if (!address)
			break;

		struct host_vf *vf = array_push(nic->vfs, nic->n_vfs);

		read_vf(tree, i, address, vf);
		unknown += vf->in_use < 0;
		unused += vf->in_use == 0;
	}
	if (unknown == 0 && nic->vfs_configured == (int64_t)nic->n_vfs)
		nic->vfs_free = (int64_t)unused;
}

/* Whether the VFs' memory has a size but no address: the firmware reserved no space. */
static bool no_room(struct tree *tree, const char *device)
{
	cleanup_free char *text = tree_text(tree, PCI_DEVICES "/%s/resource", device);
	char *rest = text, *line;

	for (int bar = 0; bar <= LAST_VF_BAR && (line = strsep(&rest, "\n")); bar++) {
		unsigned long long start, end, flags;

		if (bar >= FIRST_VF_BAR &&
		    sscanf(line, "%llx %llx %llx", &start, &end, &flags) == 3 && flags != 0 &&
		    end != 0 && start == 0)
			return true;
	}
	return false;
}

static void read_sriov(struct tree *tree, struct host_nic *nic)
{
	cleanup_free char *path = xasprintf(PCI_DEVICES "/%s/config", nic->pci_address);
	size_t len = 0;

	nic->vfs_total = tree_number(tree, PCI_DEVICES "/%s/sriov_totalvfs", nic->pci_address);
	nic->vfs_configured = tree_number(tree, PCI_DEVICES "/%s/sriov_numvfs", nic->pci_address);
	nic->vfs_free = HOST_UNKNOWN;
	if (nic->vfs_total > 0) {
		nic->sriov_capable = 1;
		if (no_room(tree, nic->pci_address))
			nic->sriov_obstacle = SRIOV_NO_ROOM;
		return;
	}

	cleanup_free char *config = tree_data(tree, path, &len);
	int64_t in_config = config ? pci_sriov_total(config, len) : HOST_UNKNOWN;

	nic->sriov_capable = in_config < 0 ? (nic->vfs_total == 0 ? 1 : HOST_UNKNOWN)
					   : (in_config > 0 || nic->vfs_total == 0);
	if (nic->sriov_capable == 1) {
		nic->sriov_obstacle = SRIOV_OFF;
		nic->vfs_total = nic->vfs_configured = nic->vfs_free = 0;
	} else if (nic->sriov_capable == 0) {
		nic->vfs_total = nic->vfs_configured = nic->vfs_free = 0;
	}
}

static void read_ids(struct tree *tree, struct host_nic *nic)
{
	const char *device = nic->pci_address;
	cleanup_free char *vendor = tree_text(tree, PCI_DEVICES "/%s/vendor", device);
	cleanup_free char *product = tree_text(tree, PCI_DEVICES "/%s/device", device);
	cleanup_free char *of_vfs = tree_text(tree, PCI_DEVICES "/%s/sriov_vf_device", device);
	unsigned v, p, f;

	if (!vendor || !product || sscanf(vendor, "0x%4x", &v) != 1 ||
	    sscanf(product, "0x%4x", &p) != 1)
		return;
	nic->pci_id = xasprintf("%04x:%04x", v, p);
	errno = 0;
	nic->model = pci_model(v, p);
	if (!nic->model)
		tree_note(tree, "usr/share/misc/pci.ids");
	if (of_vfs && sscanf(of_vfs, "%4x", &f) == 1)
		nic->vf_pci_id = xasprintf("%04x:%04x", v, f);
}

/*
 * The kernel's datapath of Open vSwitch is the upper device of its ports. A bond or a bridge in
 * between is one, too.
 */
static int64_t in_ovs(struct tree *tree, const char *folder)
{
	cleanup_tree_names struct tree_names uppers = {0};
	int64_t found = 0;

	tree_list(tree, &uppers, "upper_", "%s", folder);
	for (size_t i = 0; i < uppers.n && !found; i++) {
		const char *upper = uppers.v[i] + strlen("upper_");
		cleanup_tree_names struct tree_names next = {0};

		tree_list(tree, &next, "upper_ovs-system", "sys/class/net/%s", upper);
		found = streq(upper, "ovs-system") || next.n > 0;
	}
	return uppers.known ? found : HOST_UNKNOWN;
}

static void read_nic(struct tree *tree, const char *device, struct host_nic *nic)
{
	*nic = (struct host_nic){
		.pci_address = xstrdup(device),
		.driver = tree_target(tree, PCI_DEVICES "/%s/driver", device),
		.numa_node = tree_number(tree, PCI_DEVICES "/%s/numa_node", device),
		.iommu_group = target_number(tree, device, "iommu_group"),
		.carrier = HOST_UNKNOWN,
		.speed = HOST_UNKNOWN,
		.sriov_capable = HOST_UNKNOWN,
		.assignable = HOST_UNKNOWN,
		.trusted = HOST_UNKNOWN,
		.in_ovs = HOST_UNKNOWN,
	};
	read_ids(tree, nic);

	cleanup_free char *folder = interface_folder(tree, device, &nic->name);

	if (folder) {
		nic->mac = tree_text(tree, "%s/address", folder);
		nic->carrier = tree_number(tree, "%s/carrier", folder);
		nic->speed = tree_number(tree, "%s/speed", folder);
		nic->in_ovs = in_ovs(tree, folder);
		driver_info_read(tree, nic);
	}
	read_sriov(tree, nic);
	if (nic->sriov_obstacle == SRIOV_CLEAR && nic->vfs_configured >= 0)
		read_vfs(tree, nic);
}

/* A VF is listed with its PF if that is on this host. Most devices of a large host are VFs, so
 * check this first. */
static bool is_network_pf(struct tree *tree, const char *device)
{
	cleanup_free char *pf = tree_target(tree, PCI_DEVICES "/%s/physfn", device);

	if (pf)
		return false;

	cleanup_free char *class = tree_text(tree, PCI_DEVICES "/%s/class", device);

	return class && str_starts(class, "0x02");
}

void nics_read(struct tree *tree, struct host *host)
{
	cleanup_tree_names struct tree_names devices = {0};

	tree_list(tree, &devices, "", PCI_DEVICES);
	for (size_t i = 0; i < devices.n && host->n_nics < MAX_NICS; i++)
		if (is_network_pf(tree, devices.v[i]))
			read_nic(tree, devices.v[i], array_push(host->nics, host->n_nics));
}
