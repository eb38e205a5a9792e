// SPDX-License-Identifier: Apache-2.0
/* The guest's NUMA cells: the end of numa_get_constraints() in nova/virt/hardware.py. */

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "placement/extra_specs.h"

#define NUMA_NODES_MAX 128 /* nova/objects/image_meta.py: as many hw:numa_cpus.N are read */

/* hw:numa_cpus.N and hw:numa_mem.N, of the flavor or of the image. */
struct given_cells {
	struct cpuset *cpus;
	size_t n_cpus;
	int64_t *memory_mb;
	size_t n_memory;
};

static void given_cells_clear(struct given_cells *g)
{
	free_all(g->cpus, g->memory_mb);
}

static const char *numbered(const struct properties *p, const char *key, size_t n)
{
	cleanup_free char *name = xasprintf("%s.%zu", key, n);

	return property_get(p, name);
}

static int read_cpus(const struct properties *p, const char *key, struct given_cells *g,
		     struct err *err)
{
	for (const char *s; g->n_cpus < NUMA_NODES_MAX && (s = numbered(p, key, g->n_cpus));) {
		struct cpuset *cpus = array_push(g->cpus, g->n_cpus);
		int r = cpuset_parse(s, cpus, err);

		if (r < 0)
			return err_wrap(err, "%s.%zu", key, g->n_cpus - 1);
	}
	return 0;
}

static int read_memory(const struct properties *p, const char *key, struct given_cells *g,
		       struct err *err)
{
	for (const char *s; g->n_memory < NUMA_NODES_MAX && (s = numbered(p, key, g->n_memory));) {
		int64_t *mb = array_push(g->memory_mb, g->n_memory);

		if (str_to_int(s, -(INT64_C(1) << 40), INT64_C(1) << 40, mb) < 0)
			return err_set(err, INVALID, "%s.%zu: invalid literal for int(): '%s'", key,
				       g->n_memory - 1, s);
	}
	return 0;
}

static int read_given(const struct flavor *flavor, const struct image *image, struct given_cells *g,
		      struct err *err)
{
	static const struct properties none;
	const struct properties *of_image = image ? &image->properties : &none;
	const char *twice = NULL;

	int r = read_cpus(&flavor->properties, "hw:numa_cpus", g, err);
	if (r == 0 && g->n_cpus && numbered(of_image, "hw_numa_cpus", 0))
		twice = "hw_numa_cpus";
	else if (r == 0)
		r = read_cpus(of_image, "hw_numa_cpus", g, err);
	if (r == 0 && !twice)
		r = read_memory(&flavor->properties, "hw:numa_mem", g, err);
	if (r == 0 && !twice && g->n_memory && numbered(of_image, "hw_numa_mem", 0))
		twice = "hw_numa_mem";
	else if (r == 0 && !twice)
		r = read_memory(of_image, "hw_numa_mem", g, err);
	if (twice)
		return err_set(err, INVALID,
			       "Image property '%s' is not permitted to override NUMA "
			       "configuration set against the flavor",
			       twice);
	return r;
}

/* As Python prints a set: "{4, 5}". */
static char *format_set(const struct cpuset *cpus)
{
	struct strbuf b = {0};

	for_each_cpu (cpu, cpus)
		strbuf_addf(&b, "%s%u", b.len ? ", " : "{", cpu);
	strbuf_adds(&b, "}");
	return strbuf_steal(&b);
}

/* hardware._get_numa_topology_manual() */
static int spread_given(struct fit_request *request, const struct given_cells *g, struct err *err)
{
	struct cpuset left = {0};
	int64_t memory_mb = 0;

	cpuset_add_range(&left, 0, request->vcpus);
	request->n_cells = g->n_cpus;
	request->cells = xcalloc(g->n_cpus, sizeof(*request->cells));
	request->cells_given = true;
	for (size_t i = 0; i < g->n_cpus; i++) {
		const struct cpuset *cpus = &g->cpus[i];
		struct fit_cell *c = &request->cells[i];

		for_each_cpu (n, cpus) {
			if (n >= request->vcpus)
				return err_set(err, INVALID, "CPU number %u is larger than max %u",
					       n, request->vcpus - 1);
			if (!cpuset_has(&left, n))
				return err_set(err, INVALID,
					       "CPU number %u is assigned to two nodes", n);
			cpuset_remove(&left, n);
		}
		c->shared = cpuset_without(cpus, &request->dedicated);
		c->dedicated = cpuset_and(cpus, &request->dedicated);
		c->n_shared = (uint16_t)cpuset_count(&c->shared);
		c->n_dedicated = (uint16_t)cpuset_count(&c->dedicated);
		c->memory_mb = g->memory_mb[i];
		memory_mb += c->memory_mb;
	}
	if (cpuset_count(&left)) {
		cleanup_free char *set = format_set(&left);
		return err_set(err, INVALID, "CPU number %s is not assigned to any node", set);
	}
	if (memory_mb != request->memory_mb)
		return err_set(err, INVALID, "%lld MB of memory assigned, but expected %lld MB",
			       (long long)memory_mb, (long long)request->memory_mb);
	return 0;
}

static int spread(const struct flavor *flavor, const struct image *image, int64_t nodes,
		  struct fit_request *request, struct err *err)
{
	__attribute__((__cleanup__(given_cells_clear))) struct given_cells g = {0};

	int r = read_given(flavor, image, &g, err);
	if (r < 0)
		return r;
	if (g.n_cpus == 0 && g.n_memory == 0) {
		if (nodes > flavor->vcpus || !fit_request_spread(request, (unsigned)nodes))
			return err_set(err, INVALID,
				       "Instance CPUs and/or memory cannot be evenly distributed "
				       "across instance NUMA nodes. Explicit assignment of CPUs "
				       "and memory to nodes is required");
		return 0;
	}
	if ((int64_t)g.n_cpus != nodes || (int64_t)g.n_memory != nodes)
		return err_set(err, INVALID,
			       "CPU and memory allocation must be provided for all NUMA nodes");
	return spread_given(request, &g, err);
}

/* hardware._get_numa_node_count_constraint(); 0: not given */
static int node_count(const struct flavor *flavor, const struct image *image, int64_t *ret,
		      struct err *err)
{
	const char *of_flavor = flavor_spec(flavor, "hw:numa_nodes");
	const char *of_image = image_property(image, "hw_numa_nodes");
	const char *s = of_flavor ? of_flavor : of_image;

	if (of_flavor && of_image)
		return err_set(err, INVALID,
			       "Image property 'hw_numa_nodes' is not permitted to override NUMA "
			       "configuration set against the flavor");
	*ret = 0;
	if (s && (*s == '0' || str_to_int(s, 1, INT64_C(1) << 40, ret) < 0))
		return err_set(err, INVALID,
			       "The property 'numa_nodes' cannot be '%s'. It must be a number "
			       "greater than 0",
			       s);
	return 0;
}

int fit_request_from_flavor(const struct flavor *flavor, const struct image *image,
			    struct fit_request *ret, struct err *err)
{
	cleanup_fit_request struct fit_request request = {
		.name = xstrdup(flavor->name),
		.vcpus = flavor->vcpus,
		.memory_mb = flavor->memory_mb,
	};
	const char *pmem = flavor_spec(flavor, "hw:pmem");
	const char *alias = flavor_spec(flavor, "pci_passthrough:alias");
	int64_t nodes = 0;

	if (flavor->vcpus == 0 || flavor->memory_mb == 0)
		return err_set(err, INVALID, "flavor %s has no %s", flavor->name,
			       flavor->vcpus ? "memory" : "vCPUs");
	if (flavor->vcpus > CPUSET_MAX)
		return err_code(err, INVALID, E2BIG, "flavor %s: %u vCPUs are more than %d",
				flavor->name, flavor->vcpus, CPUSET_MAX);
	int r = extra_specs_cpus(flavor, image, &request, err);
	if (r < 0)
		return r;
	r = node_count(flavor, image, &nodes, err);
	if (r < 0)
		return err_wrap(err, "flavor %s", flavor->name);
	r = extra_specs_pages(flavor, image, &request.page_size, err);
	if (r < 0)
		return r;
	if (nodes || request.page_size || pmem || request.cpu_policy == CPU_POLICY_DEDICATED ||
	    request.cpu_policy == CPU_POLICY_MIXED) {
		r = spread(flavor, image, nodes ? nodes : 1, &request, err);
		if (r < 0)
			return err_wrap(err, "flavor %s", flavor->name);
	}
	enum numa_affinity affinity;
	r = extra_specs_affinity(flavor, image, &affinity, err);
	if (r < 0)
		return r;
	if (pmem || alias)
		request.unseen =
			xasprintf("only Nova's configuration knows %s=%s",
				  pmem ? "hw:pmem" : "pci_passthrough:alias", pmem ? pmem : alias);
	fit_request_recount(&request);
	/* nova/scheduler/utils.py, from_request_spec() */
	request.amount[INVENTORY_DISK_GB] = (flavor->root_disk_mb + 1023) / 1024 +
					    (flavor->ephemeral_disk_mb + 1023) / 1024 +
					    (flavor->swap_disk_mb + 1023) / 1024;
	*ret = steal(request);
	return 0;
}
