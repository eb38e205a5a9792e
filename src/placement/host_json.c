// SPDX-License-Identifier: Apache-2.0
#include "placement/host_json.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "base/utf8.h"
#include "placement/digest.h"

#define FILE_MAX_BYTES (4u << 20)
#define MB_MAX         (INT64_C(1) << 30)
#define KB_MAX         (INT64_C(1) << 40) /* of one node */
#define VFS_MAX        4096               /* of one NIC */

DEFINE_CLEANUP(json_t *, cleanup_json_fn, json_decref)
#define cleanup_json cleanup(cleanup_json_fn)

/* The member, or NULL where it is absent or null: both are "not known". */
static const json_t *member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static int get_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t absent,
		   int64_t *ret, struct err *err)
{
	const json_t *value = member(object, key);
	int64_t n = value ? json_integer_value(value) : absent;

	if (value && (!json_is_integer(value) || n < min || n > max))
		return err_set(err, EINVAL, "%s is no whole number from %lld to %lld", key,
			       (long long)min, (long long)max);
	*ret = n;
	return 0;
}

static int get_ratio(const json_t *object, const char *key, double absent, double *ret,
		     struct err *err)
{
	const json_t *value = member(object, key);
	double ratio = value ? json_number_value(value) : absent;

	if (value && (!json_is_number(value) || !(ratio > 0 && ratio <= 1000)))
		return err_set(err, EINVAL, "%s is no number above 0, up to 1000", key);
	*ret = ratio;
	return 0;
}

/* Printable text alone may reach a terminal. */
static int get_name(const json_t *object, const char *key, const char *absent, char **ret,
		    struct err *err)
{
	const json_t *value = member(object, key);
	const char *s = value ? json_string_value(value) : absent;

	if (value && (!s || !*s || strlen(s) > 255))
		return err_set(err, EINVAL, "%s is no name", key);
	for (const char *p = s; p && *p; p += utf8_printable(p)) {
		if (!utf8_printable(p))
			return err_set(err, EINVAL, "%s has a control character", key);
	}
	*ret = xstrdup(s);
	return 0;
}

static int get_bool(const json_t *object, const char *key, bool *ret, struct err *err)
{
	const json_t *value = member(object, key);

	if (value && !json_is_boolean(value))
		return err_set(err, EINVAL, "%s is neither true nor false", key);
	*ret = json_is_true(value);
	return 0;
}

static int get_array(const json_t *object, const char *key, size_t max, const json_t **ret,
		     struct err *err)
{
	const json_t *value = member(object, key);

	if (value && !json_is_array(value))
		return err_set(err, EINVAL, "%s is no array", key);
	if (json_array_size(value) > max)
		return err_set(err, EINVAL, "%s has more than %zu entries", key, max);
	*ret = value;
	return 0;
}

/* [2, 3, "8-11"] or "2-3,8-11" */
static int read_cpus(const json_t *value, const char *key, struct cpuset *ret, struct err *err)
{
	struct cpuset cpus = {0};
	size_t i;
	json_t *entry;

	if (json_is_string(value)) {
		int r = cpuset_parse(json_string_value(value), &cpus, err);
		if (r < 0)
			return err_wrap(err, "%s", key);
	} else if (!json_is_array(value)) {
		return err_set(err, EINVAL, "%s is no array of CPU numbers", key);
	}
	json_array_foreach (value, i, entry) {
		int64_t n = json_integer_value(entry);

		if (json_is_string(entry)) {
			struct cpuset some;
			int r = cpuset_parse(json_string_value(entry), &some, err);
			if (r < 0)
				return err_wrap(err, "%s", key);
			cpus = cpuset_or(&cpus, &some);
		} else if (!json_is_integer(entry) || n < 0 || n >= CPUSET_MAX) {
			return err_set(err, EINVAL, "%s[%zu] is no CPU number from 0 to %d", key, i,
				       CPUSET_MAX - 1);
		} else {
			cpuset_add(&cpus, (unsigned)n);
		}
	}
	*ret = cpus;
	return 0;
}

static int get_cpus(const json_t *object, const char *key, struct cpuset *ret, struct err *err)
{
	const json_t *value = member(object, key);

	*ret = (struct cpuset){0};
	return value ? read_cpus(value, key, ret, err) : 0;
}

static int get_siblings(const json_t *object, struct compute_cell *c, struct err *err)
{
	struct cpuset usable = cpuset_or(&c->shared, &c->dedicated);
	const json_t *siblings = NULL;
	json_t *entry;
	size_t i;

	int r = get_array(object, "siblings", CPUSET_MAX, &siblings, err);
	json_array_foreach (siblings, i, entry) {
		struct cpuset all, cpus;

		if (r == 0)
			r = read_cpus(entry, "siblings", &all, err);
		if (r < 0)
			break;
		cpus = cpuset_and(&all, &usable); /* as libvirt's driver tells Nova */
		if (cpuset_count(&cpus) == 0)
			continue;
		if (cpuset_count(&cpus) > COMPUTE_THREADS_MAX)
			return err_set(err, EINVAL, "siblings[%zu]: more than %d threads", i,
				       COMPUTE_THREADS_MAX);
		struct compute_core *core = array_push(c->cores, c->n_cores);
		for (unsigned n = cpuset_next(&cpus, 0); n < CPUSET_MAX;
		     n = cpuset_next(&cpus, n + 1))
			core->cpus[core->n++] = (uint16_t)n;
	}
	return r;
}

static int read_pages(const json_t *object, struct compute_cell *c, struct err *err)
{
	int64_t size = 0, total = 0, free = 0, reserved = 0;

	if (!json_is_object(object))
		return err_set(err, EINVAL, "not an object");
	int r = get_int(object, "size_kb", 1, INT64_C(1) << 30, 0, &size, err);
	if (r == 0 && size == 0)
		return err_set(err, EINVAL, "size_kb is missing");
	if (r == 0)
		r = get_int(object, "total", 0, KB_MAX / size, 0, &total, err);
	if (r == 0)
		r = get_int(object, "reserved", 0, KB_MAX / size, 0, &reserved, err);
	if (r == 0) /* nova.conf may reserve more than there are */
		r = get_int(object, "free", 0, total, reserved < total ? total - reserved : 0,
			    &free, err);
	if (r < 0)
		return r;
	struct compute_pages *p = array_push(c->pages, c->n_pages);
	*p = (struct compute_pages){.size_kb = (uint32_t)size,
				    .total = total,
				    .used = total - free - reserved,
				    .reserved = reserved};
	if (p->used < 0)
		p->used = 0;
	return 0;
}

#define ORDINARY_PAGE_KB 4

/* What no huge page takes is ordinary memory, as libvirt reports it. */
static void complete_pages(struct compute_cell *c)
{
	int64_t kb = c->memory_mb * 1024, used_kb = c->memory_used_mb * 1024;

	for (size_t i = 0; i < c->n_pages; i++) {
		if (c->pages[i].size_kb == ORDINARY_PAGE_KB)
			return;
		kb -= c->pages[i].total * c->pages[i].size_kb;
		used_kb -= c->pages[i].used * c->pages[i].size_kb;
	}
	struct compute_pages *p = array_push(c->pages, c->n_pages);
	*p = (struct compute_pages){.size_kb = ORDINARY_PAGE_KB,
				    .total = kb > 0 ? kb / ORDINARY_PAGE_KB : 0,
				    .used = used_kb > 0 ? used_kb / ORDINARY_PAGE_KB : 0};
}

static int get_pages(const json_t *object, struct compute_cell *c, struct err *err)
{
	const json_t *pages = NULL;
	json_t *entry;
	size_t i;

	int r = get_array(object, "huge_pages", 16, &pages, err);
	if (r < 0)
		return r;
	json_array_foreach (pages, i, entry) {
		r = read_pages(entry, c, err);
		if (r < 0)
			return err_wrap(err, "huge_pages[%zu]", i);
	}
	if (pages)
		complete_pages(c);
	return 0;
}

/* Dedicated and shared CPUs of a node; the whole host's isolated ones by isolated. */
static int get_cpu_sets(const json_t *object, const struct cpuset *isolated, struct compute_cell *c,
			struct err *err)
{
	struct cpuset all;

	int r = get_cpus(object, "dedicated_cpus", &c->dedicated, err);
	if (r == 0)
		r = get_cpus(object, "shared_cpus", &c->shared, err);
	if (r < 0 || member(object, "dedicated_cpus") || member(object, "shared_cpus"))
		return r;
	r = get_cpus(object, "cpus", &all, err);
	if (r < 0)
		return r;
	bool parted = cpuset_count(isolated) > 0;
	c->dedicated = parted ? cpuset_and(&all, isolated) : all;
	c->shared = parted ? cpuset_without(&all, isolated) : all;
	return 0;
}

static int read_cell(const json_t *object, size_t index, const struct cpuset *isolated,
		     struct compute_cell *c, struct err *err)
{
	int64_t id = 0, socket = -1;

	if (!json_is_object(object))
		return err_set(err, EINVAL, "not an object");
	int r = get_int(object, "id", 0, INT16_MAX, (int64_t)index, &id, err);
	if (r == 0)
		r = get_int(object, "socket", -1, INT16_MAX, -1, &socket, err);
	if (r == 0)
		r = get_int(object, "memory_mb", 0, MB_MAX, 0, &c->memory_mb, err);
	if (r == 0)
		r = get_int(object, "memory_used_mb", 0, MB_MAX, 0, &c->memory_used_mb, err);
	if (r == 0)
		r = get_int(object, "shared_cpu_usage", 0, 1 << 20, 0, &c->shared_usage, err);
	if (r == 0)
		r = get_cpu_sets(object, isolated, c, err);
	if (r == 0)
		r = get_cpus(object, "pinned_cpus", &c->pinned, err);
	if (r == 0)
		r = get_siblings(object, c, err);
	if (r == 0)
		r = get_pages(object, c, err);
	c->id = (int)id;
	c->socket = (int)socket;
	return r;
}

static int read_isolated(const json_t *document, const json_t *nodes, struct cpuset *ret,
			 struct err *err)
{
	size_t i;
	json_t *node;

	int r = get_cpus(document, "isolated_cpus", ret, err);
	json_array_foreach (nodes, i, node) {
		struct cpuset of_node;

		if (r == 0)
			r = get_cpus(node, "isolated_cpus", &of_node, err);
		if (r < 0)
			return err_wrap(err, "numa_nodes[%zu]", i);
		*ret = cpuset_or(ret, &of_node);
	}
	return r;
}

static int read_cells(const json_t *document, struct compute_host *host, struct err *err)
{
	struct cpuset isolated;
	const json_t *nodes = NULL;
	json_t *node;
	size_t i;

	int r = get_array(document, "numa_nodes", COMPUTE_CELLS_MAX, &nodes, err);
	if (r == 0)
		r = read_isolated(document, nodes, &isolated, err);
	if (r < 0)
		return r;
	json_array_foreach (nodes, i, node) {
		struct compute_cell *c = array_push(host->cells, host->n_cells);

		r = read_cell(node, i, &isolated, c, err);
		if (r < 0)
			return err_wrap(err, "numa_nodes[%zu]", i);
	}
	return 0;
}

static int read_vf(const json_t *object, struct pci_pool *pool, struct err *err)
{
	cleanup_free char *address = NULL;
	bool in_use = false;

	if (!json_is_object(object))
		return err_set(err, EINVAL, "not an object");
	int r = get_bool(object, "in_use", &in_use, err);
	if (r == 0)
		r = get_name(object, "pci_address", NULL, &address, err);
	if (r < 0)
		return r;
	pool->total++;
	if (in_use)
		return 0;
	pool->free++;
	if (address)
		*(char **)array_push(pool->free_vfs, pool->n_free_vfs) = steal_ptr(address);
	return 0;
}

static int read_nic(const json_t *object, struct pci_pool *pool, struct err *err)
{
	int64_t node = -1;
	bool in_use = false;
	const json_t *vfs = NULL;
	json_t *vf;
	size_t i;

	int r = get_name(object, "name", NULL, &pool->pf, err);
	if (r == 0)
		r = get_name(object, "physnet", NULL, &pool->physnet, err);
	if (r == 0)
		r = get_int(object, "numa_node", -1, INT16_MAX, -1, &node, err);
	if (r == 0)
		r = get_bool(object, "in_use", &in_use, err);
	if (r == 0)
		r = get_array(object, "vfs", VFS_MAX, &vfs, err);
	if (r < 0)
		return r;
	pool->node = (int)node;
	json_array_foreach (vfs, i, vf) {
		r = read_vf(vf, pool, err);
		if (r < 0)
			return err_wrap(err, "vfs[%zu]", i);
	}
	if (pool->total == 0) {
		pool->type = PCI_PF;
		pool->total = 1;
		pool->free = !in_use;
	}
	return 0;
}

static int read_nics(const json_t *document, struct compute_host *host, struct err *err)
{
	const json_t *nics = NULL;
	json_t *nic;
	size_t i;

	int r = get_array(document, "nics", COMPUTE_POOLS_MAX, &nics, err);
	if (r < 0)
		return r;
	json_array_foreach (nics, i, nic) {
		if (!json_is_object(nic))
			return err_set(err, EINVAL, "nics[%zu] is no object", i);
		struct pci_pool *pool = member(nic, "physnet")
						? array_push(host->pools, host->n_pools)
						: array_push(host->unmapped, host->n_unmapped);
		r = read_nic(nic, pool, err);
		if (r < 0)
			return err_wrap(err, "nics[%zu]", i);
	}
	return 0;
}

/* What the resource tracker would report to the placement service. */
static void fill_inventory(struct compute_host *host, int64_t reserved_mb, int64_t disk_gb,
			   int64_t disk_used_gb, double disk_ratio)
{
	struct inventory vcpu = {.ratio = host->cpu_ratio}, pcpu = {.ratio = 1};
	struct inventory memory = {.ratio = host->ram_ratio}, disk = {.ratio = disk_ratio};
	bool one_set = host->n_cells > 0;

	for (size_t i = 0; i < host->n_cells; i++) {
		const struct digest_cell *c = &host->digest->cells[i];

		vcpu.total += c->n_shared;
		vcpu.used += c->shared_usage;
		pcpu.total += c->n_dedicated;
		pcpu.used += c->n_dedicated - c->n_free;
		memory.total += c->memory_mb;
		memory.used += c->memory_used_mb;
		one_set &= c->one_set;
	}
	memory.reserved = memory.total > reserved_mb ? reserved_mb : memory.total;
	disk.total = disk_gb;
	disk.used = disk_used_gb;
	if (host->n_cells == 0)
		vcpu.total = pcpu.total = memory.total = -1;
	if (one_set)
		pcpu.total = -1; /* vcpu_pin_set: such a host reports VCPU alone */
	host->inventory[INVENTORY_VCPU] = vcpu;
	host->inventory[INVENTORY_PCPU] = pcpu;
	host->inventory[INVENTORY_MEMORY_MB] = memory;
	host->inventory[INVENTORY_DISK_GB] = disk;
}

static int read_host(const json_t *document, const char *name, struct compute_host *host,
		     struct err *err)
{
	int64_t reserved_mb = 0, disk_gb = 0, disk_used_gb = 0;
	double disk_ratio = 1;

	if (!json_is_object(document))
		return err_set(err, EINVAL, "not an object");
	int r = get_name(document, "hostname", name, &host->name, err);
	if (r == 0)
		r = get_ratio(document, "cpu_allocation_ratio", 16, &host->cpu_ratio, err);
	if (r == 0)
		r = get_ratio(document, "ram_allocation_ratio", 1.5, &host->ram_ratio, err);
	if (r == 0)
		r = get_ratio(document, "disk_allocation_ratio", 1, &disk_ratio, err);
	if (r == 0)
		r = get_int(document, "reserved_memory_mb", 0, MB_MAX, 512, &reserved_mb, err);
	if (r == 0)
		r = get_int(document, "disk_gb", 0, MB_MAX, -1, &disk_gb, err);
	if (r == 0)
		r = get_int(document, "disk_used_gb", 0, MB_MAX, 0, &disk_used_gb, err);
	if (r == 0)
		r = read_cells(document, host, err);
	if (r == 0)
		r = read_nics(document, host, err);
	if (r == 0)
		r = compute_host_ready(host, err);
	if (r == 0)
		fill_inventory(host, reserved_mb, disk_gb, disk_used_gb, disk_ratio);
	return r;
}

/* "compute-1" of "hosts/compute-1.json"; the caller frees */
static char *name_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;

	return str_ends(name, ".json") ? xstrndup(name, strlen(name) - 5) : xstrdup(name);
}

int host_json_parse(const char *data, size_t len, const char *file, struct compute_host *ret,
		    struct err *err)
{
	cleanup_compute_host struct compute_host host = {0};
	cleanup_free char *name = name_of(file);
	json_error_t problem;
	cleanup_json json_t *document = json_loadb(data, len, JSON_REJECT_DUPLICATES, &problem);

	if (!document)
		return err_set(err, EINVAL, "%s:%d: %s", file, problem.line, problem.text);
	int r = read_host(document, name, &host, err);
	if (r < 0)
		return err_wrap(err, "%s", file);
	*ret = host;
	host = (struct compute_host){0};
	return 0;
}

int host_json_read(const char *file, struct compute_host *ret, struct err *err)
{
	cleanup_free char *data = NULL;
	size_t len = 0;

	int r = file_read(file, FILE_MAX_BYTES, &data, &len, err);
	return r < 0 ? r : host_json_parse(data, len, file, ret, err);
}

static int is_json(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".json");
}

static int read_files(const char *dir, struct dirent **entries, int n, struct compute_hosts *ret,
		      struct err *err)
{
	for (int i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, entries[i]->d_name);
		struct compute_host *host = array_push(ret->v, ret->n);

		int r = host_json_read(path, host, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j + 1 < ret->n; j++) {
			if (streq(ret->v[j].name, host->name))
				return err_set(err, EEXIST, "%s: another file tells of host %s too",
					       path, host->name);
		}
	}
	return 0;
}

int hosts_read_dir(const char *dir, struct compute_hosts *ret, struct err *err)
{
	cleanup_compute_hosts struct compute_hosts hosts = {0};
	struct dirent **entries = NULL;

	int n = scandir(dir, &entries, is_json, alphasort);
	if (n < 0)
		return err_errno(err, errno, "cannot read folder %s", dir);
	int r = n == 0 ? err_set(err, ENOENT,
				 "%s holds no *.json; run dnsvnf host -o json on each compute host "
				 "and put the results there",
				 dir)
		       : read_files(dir, entries, n, &hosts, err);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	if (r < 0)
		return r;
	*ret = hosts;
	hosts = (struct compute_hosts){0};
	return 0;
}

void compute_hosts_clear(struct compute_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		compute_host_clear(&hosts->v[i]);
	free(hosts->v);
	*hosts = (struct compute_hosts){0};
}
