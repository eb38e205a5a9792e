/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compute host as Nova's scheduler sees it: NUMA cells (nova/objects/numa.py, NUMACell), pools of
 * PCI devices (nova/pci/stats.py) and the inventories that the placement service counts. A snapshot
 * in memory; host_json.h reads one from a file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/str.h"
#include "base/tristate.h"

struct err;

#define COMPUTE_CELLS_MAX   64  /* NUMA nodes per host */
#define COMPUTE_POOLS_MAX   256 /* PFs per host */
#define COMPUTE_THREADS_MAX 16  /* per core */

/* Pages of one size on one node. free = total - used - reserved. */
struct compute_pages {
	uint32_t size_kb;
	int64_t total, used, reserved;
};

/* Thread siblings of one physical core, as far as Nova may use them. */
struct compute_core {
	uint16_t n;
	uint16_t cpus[COMPUTE_THREADS_MAX];
};

struct compute_cell {
	int id;     /* of the NUMA node */
	int socket; /* -1: not known */
	int64_t memory_mb, memory_used_mb;
	int64_t shared_usage;        /* vCPUs of guests on the shared CPUs */
	struct compute_pages *pages; /* by size, largest first */
	size_t n_pages;
	struct compute_core *cores;
	size_t n_cores;
	struct cpuset shared, dedicated, pinned;
};

enum pci_type {
	PCI_VF, /* Nova's type-VF: port types direct and macvtap */
	PCI_PF, /* type-PF, the whole NIC: port type passthru (vnic_type direct-physical) */
};

/*
 * The devices of a PF, its VFs or itself, that Nova's device_spec gives the same tags. A pool has
 * one PF, since Nova's have parent_ifname.
 */
struct pci_pool {
	enum pci_type type;
	unsigned total, free;
	unsigned withheld;     /* of total: no device_spec gives them to ports */
	enum tristate trusted; /* their device_spec has the tag trusted */
	int node;              /* id of the NUMA node; -1: none */
	char *physnet;
	char *pf;             /* "ens1f0", or NULL */
	struct strv free_vfs; /* known addresses ("0000:3b:02.0"), at most free */
};

/* An inventory of the Placement service; capacity is (total - reserved) * ratio. */
enum inventory_class { INVENTORY_VCPU, INVENTORY_PCPU, INVENTORY_MEMORY_MB, INVENTORY_DISK_GB };
#define INVENTORY_CLASSES 4

struct inventory {
	int64_t total; /* -1: unknown, so never a reason to refuse */
	int64_t reserved, used;
	double ratio;
};

struct digest;

struct compute_host {
	char *name;
	char *contradiction; /* what in its file cannot be, so nothing is known of it; or NULL */
	struct compute_cell *cells; /* none: the host reports no NUMA topology */
	size_t n_cells;
	struct pci_pool *pools; /* in Nova's order */
	size_t n_pools;
	struct pci_pool *unmapped; /* NICs with unknown physnet: not used */
	size_t n_unmapped;
	double cpu_ratio, ram_ratio; /* cpu_allocation_ratio, ram_allocation_ratio */
	struct inventory inventory[INVENTORY_CLASSES];
	struct digest *digest; /* input of decisions, set by compute_host_ready() */
};

/*
 * Call it after a host was filled or changed, before it is used. CPUs that are in no core get a
 * core each, as libvirt reports a host without hyperthreads. -EINVAL describes an inconsistency
 * (duplicate node or page size, a CPU in two cores or cells, a limit exceeded).
 */
int compute_host_ready(struct compute_host *host, struct err *err);

/* Sufficient after changes of used, free, total or pinned; changes of inventory need no call. */
void compute_host_recount(struct compute_host *host);

/* Sets the physnet of the unmapped NIC with that name; false: there is none. */
bool compute_host_map(struct compute_host *host, const char *pf, const char *physnet);

void compute_host_copy(const struct compute_host *from, struct compute_host *ret);
void compute_host_clear(struct compute_host *host);

/* Placement's rule for one class: whether amount more fits. */
bool inventory_fits(const struct inventory *inventory, int64_t amount);
int64_t inventory_free(const struct inventory *inventory);    /* at ratio; may be negative */
const char *inventory_class_name(enum inventory_class class); /* "VCPU" ... */

const struct compute_cell *compute_host_node(const struct compute_host *host, int id);

#define cleanup_compute_host __attribute__((__cleanup__(compute_host_clear)))
