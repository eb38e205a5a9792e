/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compute host's resources for VNFs with SR-IOV: NUMA nodes, NICs with PFs and VFs, IOMMU, huge
 * pages, conntrack, modules, and findings about them.
 *
 * Any value may be unknown: NULL for strings, HOST_UNKNOWN for numbers and booleans, cpus.known for
 * sets. Nothing is guessed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/finding.h"

struct json_writer;
struct tree;

#define HOST_UNKNOWN (-1)

/* The TechNote's value for nf_conntrack_max, and the minimum that counts as enough for DNS. */
#define HOST_CONNTRACK_ENOUGH 262144

struct host_pages {
	int64_t size_kb;
	int64_t total, free; /* on the node */
	int64_t reserved;    /* nova.conf, [DEFAULT] reserved_huge_pages */
};

struct host_node {
	unsigned id;
	int64_t socket; /* physical package; unknown also if the node's CPUs are in several packages
			 */
	int64_t memory_mb, memory_free_mb;
	struct cpuset cpus;     /* online */
	struct cpuset isolated; /* isolated from the scheduler (isolcpus) */
	/* CPUs by the policy that Nova uses them for: [compute] cpu_shared_set and
	 * cpu_dedicated_set, with the defaults of the libvirt driver's _get_host_numa_topology. */
	struct cpuset shared, dedicated;
	struct cpuset *siblings; /* per core */
	size_t n_siblings;       /* 0 if unknown */
	struct host_pages *pages;
	size_t n_pages;
};

struct host_vf {
	unsigned index;
	char *pci_address;
	char *driver; /* NULL if none is bound */
	char *name;   /* name of its network interface in this namespace */
	int64_t iommu_group;
	int64_t in_use; /* used by a guest, or a member of a bond or bridge on the host */
	/* From the PF, by netlink. */
	char *mac;              /* all zeroes if the host has set none */
	int64_t vlan;           /* 0 if none */
	int64_t trust;          /* 0, 1 */
	int64_t spoof_check;    /* 0, 1 */
	const char *link_state; /* "auto", "enable", "disable" */
	/* From nova.conf: by the first device_spec that matches it. */
	int64_t assignable; /* Nova gives it to ports of its physnet */
	int64_t trusted;    /* also to those that request trust: the spec's tag */
	char *physnet;      /* the spec's physical_network */
};

enum sriov_obstacle {
	SRIOV_CLEAR,
	SRIOV_OFF,     /* has the capability in config space, but offers the kernel no VFs */
	SRIOV_NO_ROOM, /* the firmware reserved no address space for the VFs' memory */
};

struct host_nic {
	char *pci_address;
	char *pci_id;    /* "8086:1583" */
	char *vf_pci_id; /* of its VFs, for example "8086:154c" */
	char *model;     /* from pci.ids */
	char *name; /* its network interface; NULL without one, for example when bound to vfio-pci
		     */
	char *driver, *driver_version, *firmware;
	char *mac;
	char *physnet;               /* from sriov_agent.ini or nova.conf */
	int64_t assignable, trusted; /* of the PF itself, as those of a VF */
	int64_t in_ovs; /* whether it, or a bond or bridge that it is in, is a port of OVS */
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
	int64_t firmware; /* whether the firmware has a DMAR or IVRS table: VT-d or AMD-Vi is
			     enabled */
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
	char *object; /* NIC, NUMA node ...; NULL for the host */
	char *text;   /* what is wrong, why it matters, what to do */
	char *source;
};

struct host {
	char *hostname, *kernel;
	char *cmdline; /* the relevant words of the kernel's command line, in order */
	struct host_node *nodes;
	size_t n_nodes;
	struct host_nic *nics;
	size_t n_nics;
	struct host_iommu iommu;
	struct host_conntrack conntrack;
	struct host_module *modules;
	size_t n_modules;
	int64_t nova_conf; /* whether it was readable: 0 or 1 */
	int64_t relay;     /* whether `bondd relay` runs (its folder in /run): 0 or 1 */
	struct host_finding *findings;
	size_t n_findings;
};

/* Reads the host. Unreadable values are unknown. */
void host_read(struct tree *tree, struct host *ret_host);

/* Adds findings about the host. Pure. host_read has already called it. */
void host_lint(struct host *host);

void host_clear(struct host *host);
#define cleanup_host __attribute__((__cleanup__(host_clear)))

/* The members of the document of doc/host.md, in an object that is open. */
void host_put(struct json_writer *w, const struct host *host);
