// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/oslo.h"
#include "host/read.h"
#include "host/tree.h"

#define NODES "sys/devices/system/node"
#define CPUS  "sys/devices/system/cpu"

static void read_cpus(struct tree *tree, const char *path, struct cpuset *ret)
{
	cleanup_free char *text = tree_text(tree, "%s", path);

	*ret = CPUSET_UNKNOWN;
	if (text)
		(void)cpuset_parse(text, ret, NULL);
}

/* "Node 0 MemTotal:       131072 kB" */
static int64_t meminfo_mb(const char *meminfo, const char *key)
{
	cleanup_free char *find = xasprintf(" %s:", key);
	const char *at = meminfo ? strstr(meminfo, find) : NULL;
	int64_t kb;

	if (!at)
		return HOST_UNKNOWN;
	at += strlen(find);
	at += strspn(at, " ");

	cleanup_free char *number = xstrndup(at, strspn(at, "0123456789"));

	return str_to_int(number, 0, INT64_MAX, &kb) == 0 ? kb / 1024 : HOST_UNKNOWN;
}

static int by_size(const void *a, const void *b)
{
	const struct host_pages *x = a, *y = b;

	return (x->size_kb > y->size_kb) - (x->size_kb < y->size_kb);
}

static void read_pages(struct tree *tree, struct host_node *node)
{
	cleanup_tree_names struct tree_names sizes = {0};

	tree_list(tree, &sizes, "hugepages-", NODES "/node%u/hugepages", node->id);
	for (size_t i = 0; i < sizes.n; i++) {
		const char *digits = sizes.v[i] + strlen("hugepages-");
		cleanup_free char *number = xstrndup(digits, strspn(digits, "0123456789"));
		int64_t kb;

		if (str_to_int(number, 1, INT32_MAX, &kb) < 0)
			continue;
		*array_push(node->pages, node->n_pages) = (struct host_pages){
			.size_kb = kb,
			.total = tree_number(tree, NODES "/node%u/hugepages/%s/nr_hugepages",
					     node->id, sizes.v[i]),
			.free = tree_number(tree, NODES "/node%u/hugepages/%s/free_hugepages",
					    node->id, sizes.v[i]),
			.reserved = HOST_UNKNOWN,
		};
	}
	if (node->n_pages)
		qsort(node->pages, node->n_pages, sizeof(*node->pages), by_size);
}

/* Number of sockets and cores of the node's CPUs. */
static void read_topology(struct tree *tree, struct host_node *node)
{
	struct cpuset seen = {0};
	bool first = true, siblings_known = true;

	node->socket = HOST_UNKNOWN;
	for_each_cpu (cpu, &node->cpus) {
		struct cpuset core;
		int64_t package =
			tree_number(tree, CPUS "/cpu%u/topology/physical_package_id", cpu);

		if (first)
			node->socket = package;
		else if (node->socket != package)
			node->socket = HOST_UNKNOWN;
		first = false;
		if (cpuset_has(&seen, cpu))
			continue;

		cleanup_free char *path =
			xasprintf(CPUS "/cpu%u/topology/thread_siblings_list", cpu);

		read_cpus(tree, path, &core);
		if (!cpuset_has(&core, cpu)) {
			siblings_known = false;
			continue;
		}
		seen = cpuset_or(&seen, &core);
		*array_push(node->siblings, node->n_siblings) = core;
	}
	if (!siblings_known) {
		free(node->siblings);
		node->siblings = NULL;
		node->n_siblings = 0;
	}
}

/* "node:0,size:2048,count:64". The size may have a unit (nova.virt.hardware,
 * numa_get_reserved_huge_pages). */
static void apply_reserved(const char *value, struct host *host)
{
	unsigned node, count;
	unsigned long size;
	char unit[3] = "";
	cleanup_free char *copy = xstrdup(value);
	char *rest = copy, *field;
	int found = 0;

	while ((field = strsep(&rest, ", "))) {
		found |= sscanf(field, "node:%u", &node) == 1 ? 1 : 0;
		found |= sscanf(field, "count:%u", &count) == 1 ? 2 : 0;
		found |= sscanf(field, "size:%9lu%2[A-Za-z]", &size, unit) >= 1 ? 4 : 0;
	}
	if (found != 7)
		return;
	if (unit[0] == 'M')
		size *= 1024;
	else if (unit[0] == 'G')
		size *= 1024UL * 1024;
	for (size_t n = 0; n < host->n_nodes; n++)
		for (size_t p = 0; p < host->nodes[n].n_pages; p++)
			if (host->nodes[n].id == node &&
			    host->nodes[n].pages[p].size_kb == (int64_t)size)
				host->nodes[n].pages[p].reserved = count;
}

/* Whether the option is set; *ret is unknown when it cannot be read. */
static bool conf_cpus(const struct oslo_conf *nova, const char *section, const char *key,
		      struct cpuset *ret)
{
	const char *value = oslo_get(nova, section, key);

	*ret = CPUSET_UNKNOWN;
	if (value)
		(void)cpuset_parse(value, ret, NULL);
	return value != NULL;
}

/* As the libvirt driver does: _get_vcpu_available, _get_pcpu_available and the fallback of
 * _get_host_numa_topology (Zed). */
static void apply_nova(const struct oslo_conf *nova, const struct cpuset *online, struct host *host)
{
	struct cpuset shared, dedicated, pin;
	const struct cpuset none = {0};
	bool shared_set = conf_cpus(nova, "compute", "cpu_shared_set", &shared);
	bool dedicated_set = conf_cpus(nova, "compute", "cpu_dedicated_set", &dedicated);
	bool pin_set = conf_cpus(nova, "DEFAULT", "vcpu_pin_set", &pin);
	const struct cpuset *for_shared = pin_set         ? &pin
					  : shared_set    ? &shared
					  : dedicated_set ? &none
							  : online;
	const struct cpuset *for_dedicated = dedicated_set              ? &dedicated
					     : (shared_set && !pin_set) ? &none
									: for_shared;

	for (size_t n = 0; n < host->n_nodes; n++) {
		struct host_node *node = &host->nodes[n];

		node->shared = cpuset_and(&node->cpus, for_shared);
		node->dedicated = cpuset_and(&node->cpus, for_dedicated);
		for (size_t p = 0; p < node->n_pages; p++)
			node->pages[p].reserved = 0;
	}
	for (size_t i = 0; i < nova->n; i++)
		if (streq(nova->v[i].key, "reserved_huge_pages"))
			apply_reserved(nova->v[i].value, host);
}

static int by_id(const void *a, const void *b)
{
	const struct host_node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void read_node(struct tree *tree, unsigned id, const struct cpuset *isolated,
		      struct host_node *node)
{
	cleanup_free char *cpulist = xasprintf(NODES "/node%u/cpulist", id);
	cleanup_free char *meminfo = tree_text(tree, NODES "/node%u/meminfo", id);

	node->id = id;
	node->shared = node->dedicated = CPUSET_UNKNOWN;
	node->memory_mb = meminfo_mb(meminfo, "MemTotal");
	node->memory_free_mb = meminfo_mb(meminfo, "MemFree");
	read_cpus(tree, cpulist, &node->cpus);
	node->isolated = cpuset_and(&node->cpus, isolated);
	read_topology(tree, node);
	read_pages(tree, node);
}

void nodes_read(struct tree *tree, const struct oslo_conf *nova, struct host *host)
{
	cleanup_tree_names struct tree_names names = {0};
	struct cpuset online, isolated;

	read_cpus(tree, CPUS "/online", &online);
	read_cpus(tree, CPUS "/isolated", &isolated);
	tree_list(tree, &names, "node", NODES);
	for (size_t i = 0; i < names.n; i++) {
		int64_t id;

		if (str_to_int(names.v[i] + strlen("node"), 0, 1023, &id) == 0)
			read_node(tree, (unsigned)id, &isolated,
				  array_push(host->nodes, host->n_nodes));
	}
	if (host->n_nodes)
		qsort(host->nodes, host->n_nodes, sizeof(*host->nodes), by_id);
	if (nova)
		apply_nova(nova, &online, host);
}
