// SPDX-License-Identifier: Apache-2.0
#include "placement/request.h"

#include "base/alloc.h"
#include "base/err.h"
#include "placement/extra_specs.h"

/* nova/scheduler/utils.py, _translate_pinning_policies() */
void fit_request_recount(struct fit_request *request)
{
	int64_t pinned = cpuset_count(&request->dedicated);

	request->amount[INVENTORY_VCPU] = request->vcpus - pinned;
	request->amount[INVENTORY_PCPU] =
		pinned + (pinned && request->emulator_policy == EMULATOR_ISOLATE);
	request->amount[INVENTORY_MEMORY_MB] = request->memory_mb;
}

/* nova/virt/hardware.py, _get_numa_topology_auto() */
bool fit_request_spread(struct fit_request *request, unsigned n)
{
	if (n && (request->vcpus % n || request->memory_mb % n))
		return false;
	free(request->cells);
	request->cells = n ? xcalloc(n, sizeof(*request->cells)) : NULL;
	request->n_cells = n;
	request->cells_given = false;
	for (unsigned i = 0; i < n; i++) {
		struct fit_cell *c = &request->cells[i];
		struct cpuset all = {0};

		cpuset_add_range(&all, i * (request->vcpus / n), request->vcpus / n);
		c->shared = cpuset_without(&all, &request->dedicated);
		c->dedicated = cpuset_and(&all, &request->dedicated);
		c->n_shared = (uint16_t)cpuset_count(&c->shared);
		c->n_dedicated = (uint16_t)cpuset_count(&c->dedicated);
		c->memory_mb = request->memory_mb / n;
	}
	return true;
}

bool fit_request_set_vcpus(struct fit_request *request, unsigned vcpus)
{
	unsigned n = (unsigned)request->n_cells;

	if (request->cells_given || request->cpu_policy == CPU_POLICY_MIXED || vcpus == 0 ||
	    vcpus > CPUSET_MAX || (n && vcpus % n))
		return false;
	request->vcpus = vcpus;
	request->dedicated = (struct cpuset){0};
	if (request->cpu_policy == CPU_POLICY_DEDICATED)
		cpuset_add_range(&request->dedicated, 0, vcpus);
	fit_request_recount(request);
	return fit_request_spread(request, n);
}

bool fit_request_set_memory(struct fit_request *request, int64_t memory_mb)
{
	unsigned n = (unsigned)request->n_cells;

	if (request->cells_given || memory_mb <= 0 || (n && memory_mb % n))
		return false;
	request->memory_mb = memory_mb;
	fit_request_recount(request);
	return fit_request_spread(request, n);
}

void fit_request_copy(const struct fit_request *from, struct fit_request *ret)
{
	struct fit_request r = *from;

	r.name = xstrdup(from->name);
	r.unseen = xstrdup(from->unseen);
	r.cells = xmemdup(r.cells, r.n_cells * sizeof(*r.cells));
	r.ports = xmemdup(r.ports, r.n_ports * sizeof(*r.ports));
	for (size_t i = 0; i < r.n_ports; i++) {
		r.ports[i].network = xstrdup(r.ports[i].network);
		r.ports[i].physnet = xstrdup(r.ports[i].physnet);
	}
	*ret = r;
}

void fit_request_clear(struct fit_request *request)
{
	for (size_t i = 0; i < request->n_ports; i++) {
		free_all(request->ports[i].network, request->ports[i].physnet);
	}
	free_all(request->ports, request->cells, request->name, request->unseen);
	*request = (struct fit_request){0};
}

int fit_request_add_port(struct fit_request *request, const struct flavor *flavor,
			 const struct image *image, const struct fit_port *port,
			 const char *affinity, struct err *err)
{
	enum numa_affinity policy = AFFINITY_LEGACY;

	if (affinity && numa_affinity_parse(affinity, &policy) < 0)
		return err_set(err, INVALID,
			       "port %u: numa_affinity_policy \"%s\": must be required, preferred, "
			       "legacy or socket",
			       port->nicid, affinity);
	if (!affinity) {
		int r = extra_specs_affinity(flavor, image, &policy, err);
		if (r < 0)
			return r;
	}
	if (request->n_ports == COMPUTE_POOLS_MAX)
		return err_code(err, INVALID, E2BIG, "more than %d ports with PCI devices",
				COMPUTE_POOLS_MAX);
	struct fit_port *added = array_push(request->ports, request->n_ports);
	*added = *port;
	added->network = xstrdup(port->network);
	added->physnet = xstrdup(port->physnet);
	added->policy = policy;
	return 0;
}

void fit_request_add_unseen(struct fit_request *request, const char *what, const char *name)
{
	char *before = request->unseen;

	request->unseen = before ? xasprintf("%s; %s %s", before, what, name)
				 : xasprintf("%s %s", what, name);
	free(before);
}
