/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VIM knows of its compute hosts, and of flavors, images and networks that a descriptor only
 * names. facts_apply() adds it to the hosts' own files. `unseen` says what the credentials hide.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"
#include "placement/host_json.h"

struct model;
struct network;
struct strbuf;

struct pinned_cpu {
	int node; /* id */
	unsigned cpu;
};

struct nic_mapping {
	char *physnet, *pf;
};

/* Of one compute host. */
struct host_facts {
	char *name;
	struct strv vfs_in_use;  /* PCI addresses, of all projects */
	struct pinned_cpu *pins; /* dedicated CPUs that guests hold */
	size_t n_pins;

	/* Of its L2 agents; not known while there is none. */
	bool has_nic_agent, has_switch_agent;
	struct nic_mapping *devices; /* the NIC agent's device_mappings */
	size_t n_devices;
	struct strv bridges; /* physnets with a bridge mapping */
};

struct cloud_facts {
	struct compute_hosts hosts; /* whole, of a VIM that knows them itself (the embedded one) */
	bool one_host;              /* such a VIM keeps no servers apart and knows no zones */
	struct host_facts *v;
	size_t n;
	struct model *known; /* flavors, images and networks that the requests only name; or NULL */
	char *unseen;        /* one clause, or NULL */
};

/* The one of that name, added if need be. */
struct host_facts *facts_host(struct cloud_facts *facts, const char *name);

/* The network of that name among the known, or NULL. */
const struct network *facts_network(const struct model *known, const char *name);

/*
 * Adds to the hosts' files what the VIM knows: VFs and CPUs in use, the physnets of NICs without
 * one. notes says what was added, a line each without a full stop.
 */
void facts_apply(const struct cloud_facts *facts, struct compute_hosts *hosts,
		 struct strbuf *notes);

void facts_clear(struct cloud_facts *facts);

#define cleanup_facts __attribute__((__cleanup__(facts_clear)))
