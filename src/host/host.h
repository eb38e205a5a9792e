/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compute host has for VNFs on SR-IOV: NUMA nodes, NICs with their physical and virtual
 * functions, IOMMU, huge pages, conntrack, modules, and what of it stands in the way.
 *
 * Unknown is a value everywhere: NULL for texts, HOST_UNKNOWN for numbers, yes-or-no included, and
 * cpus.known. Nothing is guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/finding.h"

struct err;
struct tree;

#define HOST_UNKNOWN (-1)

/* What the TechNote raises nf_conntrack_max to, and the least that is called enough for DNS. */
#define HOST_CONNTRACK_ENOUGH 262144

struct host_pages {
	int64_t size_kb;
	int64_t total, free; /* of the node */
	int64_t reserved;    /* nova.conf, [DEFAULT] reserved_huge_pages */
};

struct host_node {
	unsigned id;
	int64_t socket; /* physical package; unknown too when its CPUs lie in several */
	int64_t memory_mb, memory_free_mb;
	struct cpuset cpus;     /* online */
	struct cpuset isolated; /* from the kernel's scheduler (isolcpus) */
	/* For which Nova may use them: [compute] cpu_shared_set and cpu_dedicated_set with the
	 * defaults of the libvirt driver's _get_host_numa_topology. */
	struct cpuset shared, dedicated;
	struct cpuset *siblings; /* hardware threads of one core */
	size_t n_siblings;       /* 0: unknown */
	struct host_pages *pages;
	size_t n_pages;
};

struct host_vf {
	unsigned index;
	char *pci_address;
	char *driver; /* NULL: none is bound */
	char *name;   /* of its network interface in this namespace */
	int64_t iommu_group;
	int64_t in_use; /* by a guest, or enslaved on the host */
	/* As the PF tells by netlink. */
	char *mac;              /* all zeroes: the host has set none */
	int64_t vlan;           /* 0: none */
	int64_t trust;          /* 0, 1 */
	int64_t spoof_check;    /* 0, 1 */
	const char *link_state; /* "auto", "enable", "disable" */
};

enum sriov_obstacle {
	SRIOV_CLEAR,
	SRIOV_OFF,     /* the capability is in config space, but the kernel is offered no VF */
	SRIOV_NO_ROOM, /* the firmware left no address space for the VFs' memory */
};

struct host_nic {
	char *pci_address;
	char *pci_id;    /* "8086:1583" */
	char *vf_pci_id; /* "8086:154c" of its VFs */
	char *model;     /* by pci.ids */
	char *name;      /* of its network interface; NULL: none, as when bound to vfio-pci */
	char *driver, *driver_version, *firmware;
	char *mac;
	char *physnet; /* sriov_agent.ini or nova.conf */
	int64_t numa_node;
	int64_t carrier, speed; /* speed in Mbit/s */
	int64_t iommu_group;
	int64_t sriov_capable;
	enum sriov_obstacle sriov_obstacle;
	int64_t vfs_total, vfs_configured, vfs_free;
	struct host_vf *vfs;
	size_t n_vfs;
};

struct host_iommu {
	int64_t on;
	int64_t firmware; /* the firmware has a DMAR or IVRS table: VT-d or AMD-Vi is enabled */
	int64_t groups;
	char **units; /* "dmar0" */
	size_t n_units;
};

struct host_conntrack {
	int64_t loaded;
	int64_t max, count, buckets;
	int64_t udp_timeout, udp_timeout_stream; /* seconds */
	int64_t drop, early_drop, insert_failed; /* since boot, all CPUs */
	int64_t new_flows_per_s;                 /* max / udp_timeout */
	const char *verdict; /* "ok", "small", "filling", "dropping", "not loaded" */
};

struct host_module {
	const char *name;
	const char *state; /* "loaded", "builtin", "available", "absent" */
};

struct host_finding {
	enum severity severity;
	char *rule;
	char *object; /* NIC, NUMA node ...; NULL: the host */
	char *text;   /* what is wrong, why it matters, what to do */
	char *source;
};

struct host {
	char *hostname, *kernel;
	char *cmdline; /* of the kernel: its words that matter here, in order */
	struct host_node *nodes;
	size_t n_nodes;
	struct host_nic *nics;
	size_t n_nics;
	struct host_iommu iommu;
	struct host_conntrack conntrack;
	struct host_module *modules;
	size_t n_modules;
	int64_t nova_conf; /* could be read: 0, 1 */
	struct host_finding *findings;
	size_t n_findings;
};

/* Reads all of it; what cannot be read is unknown. */
void host_read(struct tree *tree, struct host *ret_host);

/* What stands in the way of VNFs on SR-IOV: adds to host->findings. Pure; host_read has called it.
 */
void host_lint(struct host *host);

void host_clear(struct host *host);
#define cleanup_host __attribute__((__cleanup__(host_clear)))

/* The document of doc/host.md, ended by a newline; the caller frees. NULL: an error. */
char *host_json(const struct host *host, struct err *err);
