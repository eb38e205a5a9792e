/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host in numbers, in one piece of memory: a decision over many hosts waits for memory most of
 * the time, so all that it reads of one lies side by side. compute.c keeps it up to date; the files
 * that decide read it.
 */
#pragma once

#include "placement/compute.h"

struct digest_cell {
	int64_t memory_mb, memory_used_mb, shared_usage;
	uint64_t same_socket; /* bit i: cells[i] is in its socket; 0: the socket is not known */
	int id;
	uint16_t n_shared, n_dedicated, n_free; /* CPUs; free: dedicated, not pinned */
	uint16_t threads;                       /* of its largest core */
	uint16_t free_cores, whole_cores; /* with one free CPU or more, with as many as threads */
	uint16_t with_siblings; /* free CPUs to be had by two or more a core, as many of each */
	uint16_t first_page, n_pages; /* in pages, the largest first */
	bool one_set;                 /* shared and dedicated are the same CPUs */
};

struct digest_pages {
	int64_t total, free;
	uint32_t size_kb;
};

struct digest_pool {
	const char *physnet; /* the pool's */
	uint32_t free;
	int16_t cell; /* index of the cell; -1: no NUMA node, -2: a node without cell */
	uint8_t type; /* enum pci_type */
};

struct digest {
	struct digest_cell *cells;
	struct digest_pages *pages;
	struct digest_pool *pools;
};

/* Makes room for the host's cells, pages and pools; compute_host_recount() fills it. */
void digest_alloc(struct compute_host *host);
