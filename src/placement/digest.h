/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host as numbers in one block of memory: decisions over many hosts are bound by memory latency,
 * so the data of one host are contiguous. compute.c updates it; the deciding files read it.
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
	uint16_t with_siblings; /* free CPUs usable with two or more per core, equally many of each
				   core */
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
	int16_t cell;   /* index of the cell; -1: no NUMA node, -2: a node without a cell */
	uint8_t type;   /* enum pci_type */
	int8_t trusted; /* enum tristate */
};

struct digest {
	struct digest_cell *cells;
	struct digest_pages *pages;
	struct digest_pool *pools;
};

/* Allocates it for the host's cells, pages and pools; compute_host_recount() fills it. */
void digest_alloc(struct compute_host *host);
