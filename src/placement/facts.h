/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of a VIM about its compute hosts, and about existing flavors, images and networks that a
 * descriptor names. facts_apply() adds them to the hosts' files. `unseen` names what the
 * credentials may not see.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
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
	struct pinned_cpu *pins; /* dedicated CPUs in use by guests */
	size_t n_pins;

	/* From its L2 agents; unknown without agents. */
	bool has_nic_agent, has_switch_agent;
	struct nic_mapping *devices; /* the NIC agent's device_mappings */
	size_t n_devices;
	struct strv bridges; /* physnets with a bridge mapping */
};

struct cloud_facts {
	struct compute_hosts
		hosts; /* complete hosts, of a VIM that describes them itself (the embedded one) */
	bool one_host; /* such a VIM ignores server groups and zones */
	struct host_facts *v;
	size_t n;
	struct model *known; /* existing flavors, images and networks (with subnets) that the
				requests name; or NULL */
	char *unseen;        /* one clause, or NULL */
};

/* The host of that name, added if missing. */
struct host_facts *facts_host(struct cloud_facts *facts, const char *name);

/* The network of that name among the known whose type is shown, or NULL. */
const struct network *facts_network(const struct model *known, const char *name);

/*
 * Adds the VIM's data to the hosts' files: VFs and CPUs in use, physnets of NICs without one. notes
 * lists what was added, one line each without a full stop.
 */
void facts_apply(const struct cloud_facts *facts, struct compute_hosts *hosts,
		 struct strbuf *notes);

void facts_clear(struct cloud_facts *facts);

#define cleanup_facts __attribute__((__cleanup__(facts_clear)))
