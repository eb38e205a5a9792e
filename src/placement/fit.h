/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether, and where, Nova would place this request on this host. The rules are those of Nova 26
 * (Zed): numa_fit_instance_to_host() of nova/virt/hardware.py and PciDeviceStats of
 * nova/pci/stats.py, as NUMATopologyFilter and PciPassthroughFilter of its scheduler apply them,
 * after the placement service's count of VCPU, PCPU, MEMORY_MB and DISK_GB. Both filters must be
 * enabled in the cloud (enabled_filters), nodes are spread
 * (packing_host_numa_cells_allocation_strategy is off, the default).
 *
 * Follows exactly the order in which Nova tries the nodes, including what it remembers between
 * tries, so that the verdict is Nova's even where a better search would find an assignment
 * (FIT_SEARCH). In rare cases Nova's memory accepts a host on which a cell does not fit: the server
 * then fails on the host, so that is not a fit here (FIT_MISTAKEN).
 *
 * Not checked: the state of host and service, host aggregates and availability zones, server
 * groups, traits and resource classes other than the four, bandwidth of ports (QoS), the NUMA
 * affinity of physnets for virtual ports ([neutron_physnet_*] numa_nodes), PCI aliases, pmem,
 * quotas, the fallback from PCPU to VCPU on hosts older than Train, and the order among hosts that
 * fit (weighers).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "placement/request.h"

struct strbuf;

enum fit_verdict {
	FIT_NO,
	FIT_YES,
	FIT_UNKNOWN,   /* it fits, but some input is unknown */
	FIT_UNDECIDED, /* not known: see the reason */
};

/* Why it does not fit. asked (requested) and free are in the unit of the kind. */
enum fit_reason_kind {
	FIT_OK,
	FIT_INVENTORY,       /* placement: asked and free of class */
	FIT_NO_TOPOLOGY,     /* the host reports no NUMA topology */
	FIT_NODES,           /* cells requested, nodes of the host */
	FIT_PAGE_SIZE,       /* the node has no pages of page_kb; 0: none but the smallest */
	FIT_PAGE_MULTIPLE,   /* requested MB are not a multiple of page_kb */
	FIT_PAGES,           /* pages of page_kb */
	FIT_MEMORY_TOTAL,    /* MB; more than the node's total, in pages of page_kb if given */
	FIT_MEMORY,          /* MB that are free, for pinned guests */
	FIT_RAM_RATIO,       /* MB that are free at ram_allocation_ratio */
	FIT_DEDICATED_TOTAL, /* CPUs; more than the node's total */
	FIT_DEDICATED,       /* CPUs not pinned yet */
	FIT_SHARED_TOTAL,    /* CPUs; a guest does not share with itself */
	FIT_CPU_RATIO,       /* vCPUs that are free at cpu_allocation_ratio */
	FIT_CORES,           /* cores with all threads free, for thread policy isolate */
	FIT_ISOLATE,         /* isolate on a host with hyperthreads and a dedicated set */
	FIT_NO_THREADS,      /* require on a host without hyperthreads */
	FIT_IMAGE_THREADS,   /* the same, by the image's property where the flavor's prefers */
	FIT_SIBLINGS,        /* CPUs that are free together with a sibling, for require */
	FIT_EMULATOR,        /* no CPU left for the emulator's threads */
	FIT_NO_PINNED,       /* a cell of a mixed guest has no pinned vCPU: Nova cannot place it */
	FIT_PHYSNET,         /* no NIC of the host serves the physnet */
	FIT_VFS,             /* VFs (or PFs) of the physnet */
	FIT_AFFINITY,        /* they are free, but not on nodes that the port's affinity allows */
	FIT_SOCKET,          /* affinity socket, but a node's socket is unknown */
	FIT_SEARCH,          /* an assignment exists, but Nova's order of tries misses it */
	FIT_MISTAKEN,        /* Nova's filters accept the host, but the claim on it fails */
	FIT_GAVE_UP,         /* too many assignments to try */
	FIT_TRUST,           /* whether devices have the tag trusted is unknown */
	FIT_CONTRADICTION,   /* the host's file contradicts itself */
	FIT_TRIED, /* Nova's order finds no assignment; too many to check whether one exists */
	FIT_REASON_KINDS
};

struct fit_reason {
	enum fit_reason_kind kind;
	int node;                   /* id; -1: the host */
	int cell;                   /* of the guest; -1: none */
	int port;                   /* index in the request's ports; -1: none */
	enum inventory_class class; /* FIT_INVENTORY */
	int64_t page_kb;            /* requested: of any size */
	int64_t asked, free;
	uint64_t cells; /* FIT_AFFINITY: host cells the guest would be on, by index */
};

struct fit_pin {
	uint16_t vcpu, cpu;
};

struct fit_placed_cell {
	int node;             /* id */
	uint32_t page_kb;     /* 0: the host reports no pages */
	struct fit_pin *pins; /* of pinned vCPUs, ascending */
	size_t n_pins;
	int emulator_cpu; /* set aside for the emulator's threads; -1: none */
};

struct fit_result {
	enum fit_verdict verdict;
	/*
	 * The assignment, if it fits: an entry per guest cell, and an index in host->pools per port
	 * (Nova takes the pool's last free VF).
	 */
	struct fit_placed_cell *cells;
	size_t n_cells;
	size_t *pools;
	size_t n_pools;
	struct fit_reason *reasons; /* if it does not fit: at least one */
	size_t n_reasons;
};

/* Pure. ret NULL: the verdict alone, without an allocation. The caller clears *ret. */
enum fit_verdict fit_host(const struct compute_host *host, const struct fit_request *request,
			  struct fit_result *ret);

/* Whether it fits, as far as is known. */
bool fits_as_known(enum fit_verdict verdict);

/* Subtracts the assignment from the host, as Nova's resource tracker does. */
void fit_consume(struct compute_host *host, const struct fit_request *request,
		 const struct fit_result *result);

/* One sentence without a full stop. */
void fit_reason_format(const struct fit_reason *reason, const struct compute_host *host,
		       const struct fit_request *request, struct strbuf *b);

void fit_result_clear(struct fit_result *result);

#define cleanup_fit_result __attribute__((__cleanup__(fit_result_clear)))
