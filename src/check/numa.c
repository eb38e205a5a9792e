// SPDX-License-Identifier: Apache-2.0
/* Guest NUMA cells against vCPUs, memory, page size and NICs, as nova/virt/hardware.py reads the
 * flavor. Host capacity is not checked here. */

#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"
#include "placement/extra_specs.h"

enum { PHYSNETS_MAX = 16, CELLS_MAX = 64 };

static unsigned line_of(const struct flavor *flavor, const char *name)
{
	for (size_t i = 0; i < flavor->properties.n; i++)
		if (streq(flavor->properties.v[i].name, name))
			return flavor->properties.v[i].line;
	return flavor->line;
}

/* Number of guest NUMA cells; 0 without a NUMA topology (numa_get_constraints()). */
static size_t cells_of(const struct flavor *flavor)
{
	const char *nodes = flavor_spec(flavor, "hw:numa_nodes");
	const char *policy = flavor_spec(flavor, "hw:cpu_policy");
	int64_t n;

	if (nodes && str_to_int(nodes, 0, INT32_MAX, &n) == 0 && n > 0 && n <= CELLS_MAX)
		return (size_t)n;
	if (flavor_spec(flavor, "hw:mem_page_size") || streq(policy, "dedicated") ||
	    streq(policy, "mixed"))
		return 1;
	return 0;
}

/* Value of the cell's hw:numa_cpus.N or hw:numa_mem.N, or NULL. */
static const char *of_cell(const struct flavor *flavor, const char *what, size_t cell)
{
	cleanup_free char *name = xasprintf("hw:numa_%s.%zu", what, cell);

	return flavor_spec(flavor, name);
}

static bool has_map(const struct flavor *flavor)
{
	return array_find(flavor->properties.v, flavor->properties.n,
			  str_starts(it->name, "hw:numa_cpus.") ||
				  str_starts(it->name, "hw:numa_mem.")) != NULL;
}

static void numa_uneven(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	size_t cells = f ? cells_of(f) : 0;

	if (cells < 2 || has_map(f) || (f->vcpus % cells == 0 && f->memory_mb % cells == 0))
		return;
	finding(ctx, line_of(f, "hw:numa_nodes"),
		"%u vCPUs and %u MB do not divide evenly by %zu NUMA cells, so Nova rejects the "
		"server: change them, or set hw:numa_cpus.N and hw:numa_mem.N for each cell",
		f->vcpus, f->memory_mb, cells);
	related(ctx, f->line);
}

/* What is wrong with the cell map, or NULL. The caller frees it. */
static char *map_fault(const struct flavor *f, size_t cells)
{
	struct cpuset all = {0}, seen = {0}, cpus;
	uint64_t memory = 0;
	int64_t mb;

	cpuset_add_range(&all, 0, f->vcpus);
	for (size_t cell = 0; cell < cells; cell++) {
		const char *c = of_cell(f, "cpus", cell), *m = of_cell(f, "mem", cell);
		if (!c || !m)
			return xasprintf(
				"cell %zu has no hw:numa_%s.%zu, but the flavor has %zu %s", cell,
				c ? "mem" : "cpus", cell, cells, plural(cells, "cell", "cells"));
		if (cpuset_parse(c, &cpus, NULL) < 0 || str_to_int(m, 1, INT32_MAX, &mb) < 0)
			return NULL; /* reported by another rule */
		memory += (uint64_t)mb;
		struct cpuset beyond = cpuset_without(&cpus, &all),
			      twice = cpuset_and(&cpus, &seen);
		if (cpuset_count(&beyond))
			return xasprintf("hw:numa_cpus.%zu names vCPU %u, but the flavor has %u (0 "
					 "to %u)",
					 cell, cpuset_next(&beyond, 0), f->vcpus, f->vcpus - 1);
		if (cpuset_count(&twice))
			return xasprintf("vCPU %u is in two cells", cpuset_next(&twice, 0));
		seen = cpuset_or(&seen, &cpus);
	}
	struct cpuset missing = cpuset_without(&all, &seen);
	if (cpuset_count(&missing))
		return xasprintf("vCPU %u is in no cell", cpuset_next(&missing, 0));
	if (memory != f->memory_mb)
		return xasprintf("the cells have %llu MB in total, but the flavor has %u MB",
				 (unsigned long long)memory, f->memory_mb);
	return NULL;
}

static void numa_map(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	size_t cells = f ? cells_of(f) : 0;

	if (!f || !has_map(f))
		return;
	cleanup_free char *fault =
		cells ? map_fault(f, cells)
		      : xstrdup("hw:numa_nodes is not set, so Nova ignores them");
	if (fault)
		finding(ctx, line_of(f, "hw:numa_nodes"),
			"hw:numa_cpus.N and hw:numa_mem.N of flavor \"%s\" are inconsistent: %s",
			f->name, fault);
}

/* Memory of the cell, in MB. */
static uint64_t cell_memory(const struct flavor *f, size_t cell, size_t cells)
{
	const char *own = of_cell(f, "mem", cell);
	int64_t mb;

	return own && str_to_int(own, 1, INT32_MAX, &mb) == 0 ? (uint64_t)mb : f->memory_mb / cells;
}

static void numa_page_size(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	const char *value = f ? flavor_spec(f, "hw:mem_page_size") : NULL;
	size_t cells = f ? cells_of(f) : 0;
	int64_t kb;

	if (!value || extra_specs_page_size(value, &kb, NULL) < 0)
		return;
	for (size_t cell = 0; kb > 0 && cell < cells; cell++) {
		uint64_t mb = cell_memory(f, cell, cells);
		if (mb * 1024 % (uint64_t)kb == 0)
			continue;
		finding(ctx, line_of(f, "hw:mem_page_size"),
			"NUMA cell %zu has %llu MB, which is not a multiple of the page size %s, "
			"so no host fits: change memory_mb, or use smaller pages",
			cell, (unsigned long long)mb, value);
		related(ctx, f->line);
		return;
	}
}

/* Whether Nova may take the port's VF from any host node. */
static bool is_lenient(const struct rule_ctx *ctx, const struct interface *port)
{
	const char *of_port = rule_option(ctx, port, "numa_affinity_policy");
	const char *of_flavor = flavor_spec(ctx->flavor, "hw:pci_numa_affinity_policy");

	return streq(of_port ? of_port : of_flavor, "preferred");
}

/* Number of physnets of the group's ports with a strict NUMA policy; *ret is the last such port. */
static size_t strict_physnets(const struct rule_ctx *ctx, const struct interface **ret)
{
	const char *names[PHYSNETS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		const struct interface *port = &ctx->group->interfaces[i];
		if (!port_is_vf(port) || !port->network || is_lenient(ctx, port))
			continue;
		const struct network *network = rule_network(ctx, port->network);
		const char *name = network && network->provider_physical_network
					   ? network->provider_physical_network
					   : port->network;
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known = known || streq(names[k], name);
		if (!known && n < PHYSNETS_MAX) {
			names[n++] = name;
			*ret = port;
		}
	}
	return n;
}

static void numa_one_cell(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	size_t cells = f ? cells_of(f) : 0;
	const struct interface *port = NULL;

	if (cells != 1)
		return;
	size_t physnets = strict_physnets(ctx, &port);
	if (physnets < 2)
		return;
	finding(ctx, line_of(f, "hw:numa_nodes"),
		"flavor \"%s\" has one NUMA cell, but the VFs of vm_group \"%s\" come from %zu "
		"physnets: if their NICs are on two host nodes, Nova finds no host; set "
		"hw:numa_nodes=2 or hw:pci_numa_affinity_policy=preferred",
		f->name, ctx->group->name, physnets);
	related(ctx, port->line);
}

static void numa_needs(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	size_t cells = f ? cells_of(f) : 0;
	const char *policy = f ? flavor_spec(f, "hw:cpu_policy") : NULL;
	const char *pages = f ? flavor_spec(f, "hw:mem_page_size") : NULL;
	bool dedicated = streq(policy, "dedicated"), large = pages && !streq(pages, "small");

	if (cells < 2 || has_map(f) || (!dedicated && !large))
		return;
	finding(ctx, line_of(f, "hw:numa_nodes"),
		"flavor \"%s\" needs %zu nodes of one host, each with %zu free %s%s and %zu MB "
		"of free %s; free resources of other nodes do not count",
		f->name, cells, f->vcpus / cells, dedicated ? "dedicated " : "",
		plural(f->vcpus / cells, "CPU", "CPUs"), f->memory_mb / cells,
		large ? "huge pages" : "memory");
}

static void numa_pci_policy(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;

	if (!f || cells_of(f) < 2 || flavor_spec(f, "hw:pci_numa_affinity_policy"))
		return;
	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		const struct interface *port = &ctx->group->interfaces[i];
		if (!port_is_vf(port) || rule_option(ctx, port, "numa_affinity_policy"))
			continue;
		finding(ctx, f->line,
			"flavor \"%s\" sets no hw:pci_numa_affinity_policy, so the default, "
			"legacy, applies: on a host with more than %zu nodes Nova may choose nodes "
			"without a NIC and reject the host; set preferred, which always fits, or "
			"required, which makes the requirement explicit",
			f->name, cells_of(f));
		related(ctx, port->line);
		return;
	}
}

const struct check_rule numa_rules[] = {
	{"numa-uneven", SEVERITY_ERROR, LEVEL_GROUP, numa_uneven},
	{"numa-map", SEVERITY_ERROR, LEVEL_GROUP, numa_map},
	{"numa-page-size", SEVERITY_ERROR, LEVEL_GROUP, numa_page_size},
	{"numa-one-cell", SEVERITY_WARNING, LEVEL_GROUP, numa_one_cell},
	{"numa-needs", SEVERITY_NOTE, LEVEL_GROUP, numa_needs},
	{"numa-pci-policy", SEVERITY_NOTE, LEVEL_GROUP, numa_pci_policy},
	{0},
};
