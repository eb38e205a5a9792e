/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host that the embedded VIM simulates: two NUMA nodes; physical networks, sorted by name,
 * alternate between them; all other resources suffice. Requests that Nova's scheduler would refuse
 * on such a host are refused (placement/fit.h), with the reason that Nova only logs. No I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

struct compute_host;
struct err;

#define HOST_NODES 2

struct physnets {
	char **v; /* sorted, each once */
	size_t n;
};

void physnets_add(struct physnets *p, const char *name);       /* NULL is ignored */
int physnets_node(const struct physnets *p, const char *name); /* -1: not one of them */
void physnets_clear(struct physnets *p);

#define cleanup_physnets __attribute__((__cleanup__(physnets_clear)))

/* Guest NUMA cells of a flavor (nova/virt/hardware.py, numa_get_constraints). */
struct cells {
	unsigned n;
	bool numa; /* the flavor requests NUMA; without, a guest is not bound to a node */
};

int host_cells(const struct flavor *flavor, struct cells *ret, struct err *err);

/* A port, as input of the admission check. */
struct host_port {
	unsigned nicid;
	const char *network;
	const char *physnet; /* of the network, or NULL */
	enum port_type type;
	const char *numa_affinity_policy; /* or NULL: the flavor's */
};

/* As an inventory for placement, with or without hyperthreads as the requests need. */
int host_describe(const struct physnets *physnets, bool hyperthreads, struct compute_host *ret,
		  struct err *err);

/* Whether the server fits; -errno with the reasons if not. */
int host_admit(const struct flavor *flavor, const struct host_port *ports, size_t n_ports,
	       const struct physnets *physnets, struct err *err);

/* Whether the guest gets a PCI function of the host instead of an emulated NIC. */
bool host_is_pci(enum port_type type);
