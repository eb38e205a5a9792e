/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VIM tells of its compute hosts, and of what a descriptor only names: what deploy/placing.h
 * adds to the hosts' own files. A VIM tells what the credentials may see; `unseen` says what not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "placement/host_json.h"

struct model;
struct network;

struct vim_pin {
	int node; /* id */
	unsigned cpu;
};

/* Of one compute host. */
struct vim_host {
	char *name;
	char **vfs_in_use; /* PCI addresses, of all projects */
	size_t n_vfs_in_use;
	struct vim_pin *pins; /* dedicated CPUs that guests hold */
	size_t n_pins;

	/* Of its L2 agents; not known while there is none. */
	bool has_nic_agent, has_switch_agent;
	struct vim_device {
		char *physnet, *pf;
	} * devices; /* the NIC agent's device_mappings */
	size_t n_devices;
	char **bridges; /* physnets with a bridge mapping */
	size_t n_bridges;
};

struct vim_facts {
	struct compute_hosts hosts; /* whole, of a VIM that knows them itself (the embedded one) */
	bool one_host;              /* such a VIM keeps no servers apart and knows no zones */
	struct vim_host *v;
	size_t n;
	struct model *known; /* flavors, images and networks that the requests only name; or NULL */
	char *unseen;        /* one clause, or NULL */
};

/* The one of that name, added if need be. */
struct vim_host *vim_facts_host(struct vim_facts *facts, const char *name);

/* The network of that name among the known, or NULL. */
const struct network *vim_facts_network(const struct model *known, const char *name);

void vim_facts_clear(struct vim_facts *facts);

#define cleanup_facts __attribute__((__cleanup__(vim_facts_clear)))
