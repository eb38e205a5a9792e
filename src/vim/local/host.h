/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host that the embedded VIM plays: two NUMA nodes; its physnets, sorted by name, alternate
 * over them, and it has enough of all else. What Nova's scheduler would refuse on such a host is
 * refused here (placement/fit.h), with the reason that Nova keeps to its log. No I/O.
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

/* NUMA nodes that a flavor gives its guest (nova/virt/hardware.py, numa_get_constraints). */
struct cells {
	unsigned n;
	bool numa; /* the flavor asks for NUMA at all; without, nothing binds a guest to a node */
};

int host_cells(const struct flavor *flavor, struct cells *ret, struct err *err);

/* A port as admission sees it. */
struct host_port {
	unsigned nicid;
	const char *network;
	const char *physnet; /* of the network, or NULL */
	enum port_type type;
	const char *numa_affinity_policy; /* or NULL: the flavor's */
};

/* As placement sees it; with hyperthreads or without, as the requests want. */
int host_describe(const struct physnets *physnets, bool hyperthreads, struct compute_host *ret,
		  struct err *err);

/* Would the server fit? */
int host_admit(const struct flavor *flavor, const struct host_port *ports, size_t n_ports,
	       const struct physnets *physnets, struct err *err);

/* A NIC that is a PCI function of the host in the guest, not one that the hypervisor emulates. */
bool host_is_pci(enum port_type type);
