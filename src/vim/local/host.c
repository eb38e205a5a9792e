// SPDX-License-Identifier: Apache-2.0
#include "vim/local/host.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

/* Nova's words for whatever a filter of its scheduler refuses (nova/exception.py, NoValidHost). */
#define NO_VALID_HOST "No valid host was found. There are not enough hosts available."

void physnets_add(struct physnets *p, const char *name)
{
	size_t at = 0;

	if (!name)
		return;
	while (at < p->n && strcmp(p->v[at], name) < 0)
		at++;
	if (at < p->n && streq(p->v[at], name))
		return;
	array_push(p->v, p->n);
	memmove(p->v + at + 1, p->v + at, (p->n - 1 - at) * sizeof(*p->v));
	p->v[at] = xstrdup(name);
}

int physnets_node(const struct physnets *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (streq(p->v[i], name))
			return (int)(i % HOST_NODES);
	}
	return -1;
}

void physnets_clear(struct physnets *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
	*p = (struct physnets){0};
}

bool host_is_pci(enum port_type type)
{
	return type == PORT_DIRECT || type == PORT_PASSTHRU;
}

int host_cells(const struct flavor *flavor, struct cells *ret, struct err *err)
{
	const char *nodes = property_get(&flavor->properties, "hw:numa_nodes");
	struct cells cells = {.n = 1, .numa = nodes != NULL};
	int64_t n = 1;

	if (nodes && str_to_int(nodes, 1, 1024, &n) < 0)
		return err_set(err, EINVAL,
			       "flavor %s: The property 'numa_nodes' cannot be '%s'. It must be a "
			       "number greater than 0",
			       flavor->name, nodes);
	cells.n = (unsigned)n;
	if (!nodes && (streq(property_get(&flavor->properties, "hw:cpu_policy"), "dedicated") ||
		       property_get(&flavor->properties, "hw:mem_page_size")))
		cells.numa = true;
	if (flavor->vcpus == 0 || flavor->memory_mb == 0)
		return err_set(err, EINVAL, "flavor %s has no %s", flavor->name,
			       flavor->vcpus ? "memory" : "vCPUs");
	for (size_t i = 0; i < flavor->properties.n; i++) {
		const char *name = flavor->properties.v[i].name;
		if (str_starts(name, "hw:numa_cpus.") || str_starts(name, "hw:numa_mem."))
			return err_set(err, ENOTSUP,
				       "flavor %s: %s: the embedded VIM divides vCPUs and memory "
				       "evenly over the cells only",
				       flavor->name, name);
	}
	if (flavor->vcpus % cells.n || flavor->memory_mb % cells.n)
		return err_set(
			err, EINVAL,
			"flavor %s: Instance CPUs and/or memory cannot be evenly distributed "
			"across instance NUMA nodes (%u vCPUs and %u MB over %u)",
			flavor->name, flavor->vcpus, flavor->memory_mb, cells.n);
	*ret = cells;
	return 0;
}

/* A port of another node than the first one's, or NULL. */
static const struct host_port *on_other_node(const struct host_port *ports, size_t n_ports,
					     const struct physnets *physnets,
					     const struct host_port **ret_first)
{
	const struct host_port *first = NULL;

	for (size_t i = 0; i < n_ports; i++) {
		if (ports[i].type == PORT_VIRTUAL)
			continue;
		if (!first)
			first = &ports[i];
		if (physnets_node(physnets, ports[i].physnet) !=
		    physnets_node(physnets, first->physnet)) {
			*ret_first = first;
			return &ports[i];
		}
	}
	return NULL;
}

int host_admit(const struct flavor *flavor, const struct host_port *ports, size_t n_ports,
	       const struct physnets *physnets, struct err *err)
{
	const char *policy = property_get(&flavor->properties, "hw:pci_numa_affinity_policy");
	const struct host_port *first = NULL;
	struct cells cells = {0};

	int r = host_cells(flavor, &cells, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_ports; i++) {
		if (ports[i].type != PORT_VIRTUAL && !ports[i].physnet)
			return err_set(err, ENOSPC,
				       NO_VALID_HOST
				       " (PciPassthroughFilter: port %s is %s, but network %s has "
				       "no provider_physical_network, so no VF can serve it)",
				       ports[i].name, port_type_name(ports[i].type),
				       ports[i].network);
	}
	if (cells.n > HOST_NODES)
		return err_set(err, ENOSPC,
			       NO_VALID_HOST " (NUMATopologyFilter: flavor %s asks for %u NUMA "
					     "nodes, the embedded host has %d)",
			       flavor->name, cells.n, HOST_NODES);
	if (!cells.numa || cells.n > 1 || streq(policy, "preferred"))
		return 0;
	const struct host_port *other = on_other_node(ports, n_ports, physnets, &first);
	if (!other)
		return 0;
	return err_set(err, ENOSPC,
		       NO_VALID_HOST
		       " (NUMATopologyFilter: the one cell of flavor %s would have to hold VFs of "
		       "%s on node %d and of %s on node %d; it fits with hw:numa_nodes=2 or "
		       "hw:pci_numa_affinity_policy=preferred)",
		       flavor->name, first->physnet, physnets_node(physnets, first->physnet),
		       other->physnet, physnets_node(physnets, other->physnet));
}
