/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the deciding files. */
#pragma once

#include "placement/fit.h"

#define ID_FREE COMPUTE_CELLS_MAX /* of an id that no node has */

/* The state of Nova's search, which modifies the request's cells while it tries. */
struct search {
	const struct compute_host *host;
	const struct fit_request *request;
	uint8_t order[COMPUTE_CELLS_MAX]; /* host cells as Nova tries them */
	/* By guest cell: its id at the moment (index of the host cell of that id, or ID_FREE + the
	 * id), and its page size. */
	uint8_t id[COMPUTE_CELLS_MAX];
	int64_t page_size[COMPUTE_CELLS_MAX];
	/* By id: host cells (bits) that are known to fit, or not to. */
	uint64_t fits[2 * COMPUTE_CELLS_MAX], fails[2 * COMPUTE_CELLS_MAX];
	uint8_t pinned_on[COMPUTE_CELLS_MAX]; /* by guest cell: whose CPUs Nova wrote into it last
					       */
	uint64_t untested;             /* guest cells (bits) that Nova took to fit from memory */
	uint8_t at[COMPUTE_CELLS_MAX]; /* the permutation: by guest cell, index in order */
};

/* The result of the search. */
struct found_place {
	uint8_t cells[COMPUTE_CELLS_MAX];  /* host cell by guest cell */
	int64_t pages[COMPUTE_CELLS_MAX];  /* KiB by guest cell */
	uint16_t pools[COMPUTE_POOLS_MAX]; /* by port */
};

/*
 * Whether guest cell g fits on host cell h (hardware._numa_fit_instance_cell). *page_size (KiB or
 * PAGES_*) becomes the selected size, even if a later check fails; *moved: Nova wrote the host's id
 * into the cell. why (or NULL) gets the figures.
 */
enum fit_reason_kind cell_fits(const struct compute_host *host, const struct fit_request *request,
			       size_t h, size_t g, int64_t *page_size, bool *moved,
			       struct fit_reason *why);

/* Whether the host has a core with several CPUs, or the image does not want one
 * (NUMATopologyFilter._satisfies_cpu_policy). */
bool threads_fit(const struct compute_host *host, const struct fit_request *request);

/* Selects CPUs (hardware._pack_instance_onto_cores); the cell must fit. */
void cell_pin(const struct compute_cell *cell, const struct fit_request *request, size_t g,
	      struct fit_placed_cell *ret);

/* Whether the pool has the port's physnet and type. */
bool pci_pool_serves(const struct pci_pool *pool, const struct fit_port *port);

/* Whether the pool's devices, if it serves the port, have the tags that it requests. */
bool pci_pool_grants(const struct pci_pool *pool, const struct fit_port *port);

/*
 * Whether there are devices for all ports (PciDeviceStats.support_requests). numa: with the guest
 * on the host cells in the mask. ret_pools (or NULL): index of the pool by port. On failure
 * *ret_port (or NULL) is the port without a device.
 */
bool pci_fits(const struct compute_host *host, const struct fit_request *request, bool numa,
	      uint64_t cells, uint16_t *ret_pools, size_t *ret_port);

/* Nova's search over the nodes; FIT_OK fills *ret (or NULL), else FIT_SEARCH, FIT_MISTAKEN or
 * FIT_GAVE_UP. */
enum fit_reason_kind fit_search(const struct compute_host *host, const struct fit_request *request,
				struct found_place *ret);

/* Adds all reasons why it does not fit, at least one. */
void fit_diagnose(const struct compute_host *host, const struct fit_request *request,
		  enum fit_reason_kind searched, struct fit_result *ret);
