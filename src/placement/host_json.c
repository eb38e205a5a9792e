// SPDX-License-Identifier: Apache-2.0
#include "placement/host_json.h"

#include <dirent.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/str.h"
#include "placement/digest.h"

#define FILE_MAX_BYTES (4u << 20)
#define MB_MAX         (INT64_C(1) << 30)
#define KB_MAX         (INT64_C(1) << 40) /* of one node */
#define VFS_MAX        4096               /* of one NIC */
#define PAGE_SIZES_MAX 16                 /* of one node */
#define RATIO_MAX      1000

/* [2, 3, "8-11"] or "2-3,8-11" */
static void add_list(struct json_reader *r, struct cpuset *cpus)
{
	cleanup_err struct err why = ERR_INIT;
	struct cpuset some;

	if (cpuset_parse(json_string_value(r->value), &some, &why) < 0)
		return json_fail(r, NULL, "%s", why.text);
	*cpus = cpuset_or(cpus, &some);
}

static void read_cpus(struct json_reader *r, struct cpuset *cpus)
{
	*cpus = (struct cpuset){0};
	if (json_is_string(r->value))
		return add_list(r, cpus);
	json_each (r, NULL, CPUSET_MAX, entry) {
		int cpu = -1;

		if (json_is_string(entry.value)) {
			add_list(&entry, cpus);
			continue;
		}
		json_must_have(&entry, NULL);
		json_get_int(&entry, NULL, 0, CPUSET_MAX - 1, &cpu);
		if (cpu >= 0)
			cpuset_add(cpus, (unsigned)cpu);
	}
}

static void get_cpus(struct json_reader *r, const char *key, struct cpuset *ret)
{
	struct json_reader list = json_member(r, key);

	read_cpus(&list, ret);
}

static void get_siblings(struct json_reader *r, struct compute_cell *c)
{
	struct cpuset usable = cpuset_or(&c->shared, &c->dedicated);

	json_each (r, "siblings", CPUSET_MAX, entry) {
		struct cpuset all, cpus;

		read_cpus(&entry, &all);
		cpus = cpuset_and(&all, &usable); /* as libvirt's driver reports to Nova */
		if (cpuset_count(&cpus) == 0)
			continue;
		if (cpuset_count(&cpus) > COMPUTE_THREADS_MAX)
			return json_fail(&entry, NULL, "must have at most %d threads",
					 COMPUTE_THREADS_MAX);
		struct compute_core *core = array_push(c->cores, c->n_cores);
		for_each_cpu (n, &cpus)
			core->cpus[core->n++] = (uint16_t)n;
	}
}

static void read_pages(struct json_reader *r, struct compute_cell *c)
{
	int64_t size = 0, total = 0, reserved = 0;

	json_must_be_object(r);
	json_must_have(r, "size_kb");
	json_get_int64(r, "size_kb", 1, INT64_C(1) << 30, &size);
	if (json_end(r) < 0)
		return;
	json_get_int64(r, "total", 0, KB_MAX / size, &total);
	json_get_int64(r, "reserved", 0, KB_MAX / size, &reserved);
	/* nova.conf may reserve more than exist */
	int64_t free = reserved < total ? total - reserved : 0;
	json_get_int64(r, "free", 0, total, &free);
	struct compute_pages *p = array_push(c->pages, c->n_pages);
	*p = (struct compute_pages){.size_kb = (uint32_t)size,
				    .total = total,
				    .used = total - free - reserved,
				    .reserved = reserved};
	if (p->used < 0)
		p->used = 0;
}

#define ORDINARY_PAGE_KB 4

/* Memory without huge pages, as libvirt reports it. */
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

static void get_pages(struct json_reader *r, struct compute_cell *c)
{
	json_each (r, "huge_pages", PAGE_SIZES_MAX, entry)
		read_pages(&entry, c);
	if (json_has(r, "huge_pages"))
		complete_pages(c);
}

/* Dedicated and shared CPUs of a node; the whole host's isolated ones by isolated. */
static void get_cpu_sets(struct json_reader *r, const struct cpuset *isolated,
			 struct compute_cell *c)
{
	struct cpuset all;

	get_cpus(r, "dedicated_cpus", &c->dedicated);
	get_cpus(r, "shared_cpus", &c->shared);
	if (json_has(r, "dedicated_cpus") || json_has(r, "shared_cpus"))
		return;
	get_cpus(r, "cpus", &all);
	bool split = cpuset_count(isolated) > 0;
	c->dedicated = split ? cpuset_and(&all, isolated) : all;
	c->shared = split ? cpuset_without(&all, isolated) : all;
}

static void read_cell(struct json_reader *r, int id, const struct cpuset *isolated,
		      struct compute_cell *c)
{
	c->id = id;
	c->socket = -1;
	json_must_be_object(r);
	json_get_int(r, "id", 0, INT16_MAX, &c->id);
	json_get_int(r, "socket", -1, INT16_MAX, &c->socket);
	json_get_int64(r, "memory_mb", 0, MB_MAX, &c->memory_mb);
	json_get_int64(r, "memory_used_mb", 0, MB_MAX, &c->memory_used_mb);
	json_get_int64(r, "shared_cpu_usage", 0, 1 << 20, &c->shared_usage);
	get_cpu_sets(r, isolated, c);
	get_cpus(r, "pinned_cpus", &c->pinned);
	get_siblings(r, c);
	get_pages(r, c);
}

static void read_isolated(struct json_reader *r, struct cpuset *ret)
{
	get_cpus(r, "isolated_cpus", ret);
	json_each (r, "numa_nodes", COMPUTE_CELLS_MAX, node) {
		struct cpuset of_node;

		get_cpus(&node, "isolated_cpus", &of_node);
		*ret = cpuset_or(ret, &of_node);
	}
}

static void read_cells(struct json_reader *r, struct compute_host *host)
{
	struct cpuset isolated;
	int id = 0;

	read_isolated(r, &isolated);
	json_each (r, "numa_nodes", COMPUTE_CELLS_MAX, node)
		read_cell(&node, id++, &isolated, array_push(host->cells, host->n_cells));
}

/* What a NIC says of itself, and of VFs that do not say otherwise. */
struct nic {
	char *name, *physnet;
	int node;
	bool in_use, vf_in_use;
	enum tristate assignable, trusted;
	struct pci_pool *pools; /* of VFs; at most one without a physnet */
	size_t n_pools;
};

static void get_tristate(struct json_reader *r, const char *key, enum tristate *ret)
{
	bool value = false;

	json_get_bool(r, key, &value);
	if (json_has(r, key))
		*ret = value;
}

/* The NIC's pool of devices with these tags; added if missing. */
static struct pci_pool *pool_of(struct nic *nic, enum pci_type type, const char *physnet,
				enum tristate trusted)
{
	struct pci_pool *pool = array_find(nic->pools, nic->n_pools,
					   it->type == type && it->trusted == trusted &&
						   streq(it->physnet, physnet));

	if (pool)
		return pool;
	pool = array_push(nic->pools, nic->n_pools);
	*pool = (struct pci_pool){.type = type,
				  .node = nic->node,
				  .physnet = xstrdup(physnet),
				  .pf = xstrdup(nic->name),
				  .trusted = trusted};
	return pool;
}

static void read_vf(struct json_reader *r, struct nic *nic)
{
	cleanup_free char *address = NULL, *physnet = NULL;
	enum tristate assignable = TRI_UNKNOWN, trusted = nic->trusted;
	bool in_use = false;

	json_must_be_object(r);
	json_get_bool(r, "in_use", &in_use);
	json_get_name(r, "pci_address", &address);
	json_get_name(r, "physnet", &physnet);
	get_tristate(r, "assignable", &assignable);
	get_tristate(r, "trusted", &trusted);
	struct pci_pool *pool = pool_of(nic, PCI_VF, physnet ? physnet : nic->physnet, trusted);
	pool->total++;
	nic->vf_in_use |= in_use;
	if (assignable == TRI_NO)
		pool->withheld++;
	if (in_use || assignable == TRI_NO)
		return;
	pool->free++;
	if (address)
		strv_take(&pool->free_vfs, steal_ptr(address));
}

/* The PF is a device for ports if it has no VFs, or if Nova takes it instead of them. */
static void add_pf(struct nic *nic)
{
	unsigned granted = 0;

	for (size_t i = 0; i < nic->n_pools; i++)
		granted += nic->pools[i].total - nic->pools[i].withheld;
	if (nic->n_pools && (granted || nic->assignable != TRI_YES))
		return;
	struct pci_pool *pool = pool_of(nic, PCI_PF, nic->physnet, nic->trusted);
	pool->total = 1;
	pool->withheld = nic->assignable == TRI_NO;
	pool->free = !nic->in_use && !nic->vf_in_use && !pool->withheld;
}

static void read_nic(struct json_reader *r, struct compute_host *host)
{
	struct nic nic = {.node = -1, .assignable = TRI_UNKNOWN, .trusted = TRI_UNKNOWN};

	json_must_be_object(r);
	json_get_name(r, "name", &nic.name);
	json_get_name(r, "physnet", &nic.physnet);
	json_get_int(r, "numa_node", -1, INT16_MAX, &nic.node);
	json_get_bool(r, "in_use", &nic.in_use);
	get_tristate(r, "assignable", &nic.assignable);
	get_tristate(r, "trusted", &nic.trusted);
	json_each (r, "vfs", VFS_MAX, vf)
		read_vf(&vf, &nic);
	add_pf(&nic);
	for (size_t i = 0; i < nic.n_pools; i++)
		*(nic.pools[i].physnet ? array_push(host->pools, host->n_pools)
				       : array_push(host->unmapped, host->n_unmapped)) =
			nic.pools[i];
	free_all(nic.name, nic.physnet, nic.pools);
}

/* Nova orders pools by the number of their keys, of which the tag is one (stats.py, add_device). */
static void order_pools(struct compute_host *host)
{
	for (size_t i = 1; i < host->n_pools; i++) {
		struct pci_pool pool = host->pools[i];
		size_t at = i;

		for (; at > 0 && pool.trusted != TRI_YES && host->pools[at - 1].trusted == TRI_YES;
		     at--)
			host->pools[at] = host->pools[at - 1];
		host->pools[at] = pool;
	}
}

static void read_nics(struct json_reader *r, struct compute_host *host)
{
	json_each (r, "nics", COMPUTE_POOLS_MAX, nic)
		read_nic(&nic, host);
	order_pools(host);
}

/* Forgets all but the name: of a host whose parts contradict each other nothing is known. */
static void contradict(struct compute_host *host, const char *why)
{
	struct compute_host none = {.contradiction = xstrdup(why)};

	none.name = steal_ptr(host->name);
	compute_host_clear(host);
	for (size_t i = 0; i < INVENTORY_CLASSES; i++)
		none.inventory[i].total = -1;
	digest_alloc(&none);
	compute_host_recount(&none);
	*host = none;
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

/* Of anything else, also of an answer about a failure, no host would be left that fits. */
static void must_be_of_host(struct json_reader *r)
{
	int version = 1;

	json_must_be_object(r);
	json_get_int(r, "format_version", 0, INT32_MAX, &version);
	if (version != 1)
		json_fail(r, "format_version", "is %d, of another dnsvnf: this one reads 1",
			  version);
	if (json_has(r, "error"))
		json_fail(r, "error", "the host was not read: run 'dnsvnf host -o json' there");
	if (!json_has(r, "numa_nodes") && !json_has(r, "nics"))
		json_fail(r, NULL,
			  "must have numa_nodes and nics, as 'dnsvnf host -o json' writes");
}

static int read_host(json_t *document, struct compute_host *host, struct err *err)
{
	struct json_reader r = json_reader(document, err);
	int64_t reserved_mb = 512, disk_gb = -1, disk_used_gb = 0;
	double disk_ratio = 1;

	host->cpu_ratio = 16;
	host->ram_ratio = 1.5;
	must_be_of_host(&r);
	json_get_name(&r, "hostname", &host->name);
	json_get_ratio(&r, "cpu_allocation_ratio", RATIO_MAX, &host->cpu_ratio);
	json_get_ratio(&r, "ram_allocation_ratio", RATIO_MAX, &host->ram_ratio);
	json_get_ratio(&r, "disk_allocation_ratio", RATIO_MAX, &disk_ratio);
	json_get_int64(&r, "reserved_memory_mb", 0, MB_MAX, &reserved_mb);
	json_get_int64(&r, "disk_gb", 0, MB_MAX, &disk_gb);
	json_get_int64(&r, "disk_used_gb", 0, MB_MAX, &disk_used_gb);
	read_cells(&r, host);
	read_nics(&r, host);
	int code = json_end(&r);
	if (code < 0)
		return code;
	cleanup_err struct err why = ERR_INIT;
	code = compute_host_ready(host, &why);
	if (code == -E2BIG)
		return err_copy(err, &why);
	if (code < 0)
		contradict(host, why.text);
	else
		fill_inventory(host, reserved_mb, disk_gb, disk_used_gb, disk_ratio);
	return 0;
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
	cleanup_compute_host struct compute_host host = {.name = name_of(file)};
	cleanup_json json_t *document = NULL;

	int r = json_parse_document(data, len, file, &document, err);
	if (r < 0)
		return r;
	r = read_host(document, &host, err);
	if (r < 0)
		return err_wrap(err, "%s", file);
	if (host.contradiction) {
		cleanup_free char *why = host.contradiction;
		host.contradiction = xasprintf("%s: %s", file, why);
	}
	*ret = steal(host);
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
			const struct compute_host *other = &ret->v[j];
			/* One that contradicts itself says nothing about the host but that. */
			if (streq(other->name, host->name) && !other->contradiction &&
			    !host->contradiction)
				return err_code(
					err, INVALID, EEXIST,
					"%s: host %s is also in another file: remove one of them",
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
	int r = n == 0 ? err_set(err, NOT_FOUND,
				 "no *.json in %s: run 'dnsvnf host -o json' on each compute host "
				 "and put the results there",
				 dir)
		       : read_files(dir, entries, n, &hosts, err);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	if (r < 0)
		return r;
	*ret = steal(hosts);
	return 0;
}

void compute_hosts_clear(struct compute_hosts *hosts)
{
	array_free(hosts->v, hosts->n, compute_host_clear);
	*hosts = (struct compute_hosts){0};
}
