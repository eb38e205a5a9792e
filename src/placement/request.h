/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources that one server requests of a host, as Nova derives them from flavor, image and
 * ports (nova/virt/hardware.py, numa_get_constraints(); nova/network/neutron.py,
 * create_resource_requests(); nova/scheduler/utils.py, ResourceRequest).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "placement/compute.h"

struct deployment;
struct vm_group;

enum cpu_policy { CPU_POLICY_NONE, CPU_POLICY_DEDICATED, CPU_POLICY_SHARED, CPU_POLICY_MIXED };
enum thread_policy { THREADS_NONE, THREADS_PREFER, THREADS_ISOLATE, THREADS_REQUIRE };
enum emulator_policy { EMULATOR_NONE, EMULATOR_SHARE, EMULATOR_ISOLATE };
enum numa_affinity { AFFINITY_LEGACY, AFFINITY_REQUIRED, AFFINITY_PREFERRED, AFFINITY_SOCKET };

/* Page sizes other than a size in KiB (hardware.MEMPAGES_SMALL ...). */
#define PAGES_NONE  0 /* hw:mem_page_size is not given */
#define PAGES_SMALL (-1)
#define PAGES_LARGE (-2)
#define PAGES_ANY   (-3)

/* A NUMA cell of the guest. */
struct fit_cell {
	struct cpuset shared, dedicated; /* vCPUs */
	uint16_t n_shared, n_dedicated;
	int64_t memory_mb;
};

/* A port with a PCI device. */
struct fit_port {
	unsigned nicid;
	char *network;
	char *physnet; /* NULL: the network has none, so no NIC serves it */
	enum pci_type type;
	enum numa_affinity policy;
	bool trusted; /* binding:profile has trusted: the device_spec must have it, too */
};

struct fit_request {
	char *name; /* of the flavor */
	unsigned vcpus;
	int64_t memory_mb;
	struct fit_cell
		*cells; /* none: the guest has no NUMA topology and is not bound to a node */
	size_t n_cells;
	bool cells_given;  /* by hw:numa_cpus.N and hw:numa_mem.N */
	int64_t page_size; /* KiB, or PAGES_* */
	enum cpu_policy cpu_policy;
	enum thread_policy thread_policy;
	bool image_wants_threads; /* the image says require, which the flavor's prefer overrides,
				     but not for Nova's filter of hosts */
	enum emulator_policy emulator_policy;
	struct cpuset dedicated; /* vCPUs of the guest that are pinned */
	struct fit_port *ports;  /* in the order of nicids */
	size_t n_ports;
	int64_t amount[INVENTORY_CLASSES]; /* of the Placement service's classes */
	bool surely; /* fit_host(): devices of which trusted is unknown do not count */

	/* Unknown inputs of Nova's decision, or NULL: with them, a fit is only "unknown". */
	char *unseen;
};

/*
 * Flavor and image (NULL: one without properties). Errors (-EINVAL) are Nova's messages, prefixed
 * with "flavor NAME: "; -E2BIG: a flavor with more than CPUSET_MAX vCPUs.
 */
int fit_request_from_flavor(const struct flavor *flavor, const struct image *image,
			    struct fit_request *ret, struct err *err);

/* Adds "WHAT NAME" to request->unseen. */
void fit_request_add_unseen(struct fit_request *request, const char *what, const char *name);

/* Appends a port; affinity NULL: that of flavor and image. -EINVAL: no such policy. */
int fit_request_add_port(struct fit_request *request, const struct flavor *flavor,
			 const struct image *image, const struct fit_port *port,
			 const char *affinity, struct err *err);

/* Distributes vCPUs and memory evenly over n cells, 0 for no topology; false: not divisible. */
bool fit_request_spread(struct fit_request *request, unsigned n);

/* Sets vCPUs and what depends on them: pinning, cells, amounts. False: not divisible. */
bool fit_request_set_vcpus(struct fit_request *request, unsigned vcpus);
bool fit_request_set_memory(struct fit_request *request, int64_t memory_mb);

/* Amounts of VCPU, PCPU and MEMORY_MB, to be called after a change of the policy. */
void fit_request_recount(struct fit_request *request);

void fit_request_copy(const struct fit_request *from, struct fit_request *ret);
void fit_request_clear(struct fit_request *request);

#define cleanup_fit_request __attribute__((__cleanup__(fit_request_clear)))

/*
 * Name and Nova policy of the server group for the group's VMs, from the deployment's placement
 * groups and placements; false: none. Both are borrowed.
 */
bool server_group_of(const struct deployment *deployment, const struct vm_group *group,
		     const char **ret_name, const char **ret_policy);
