// SPDX-License-Identifier: Apache-2.0
#include "vim/local/host.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "placement/explain.h"

/* Nova's message if its scheduler finds no host (nova/exception.py, NoValidHost). */
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

static int read_request(const struct flavor *flavor, struct fit_request *ret, struct err *err)
{
	int r = fit_request_from_flavor(flavor, NULL, ret, err);

	if (r == 0 && ret->cells_given) {
		fit_request_clear(ret);
		return err_code(err, INVALID, ENOTSUP,
				"flavor \"%s\": hw:numa_cpus: the embedded VIM can only divide "
				"vCPUs and memory evenly over the cells",
				flavor->name);
	}
	return r;
}

int host_cells(const struct flavor *flavor, struct cells *ret, struct err *err)
{
	cleanup_fit_request struct fit_request request = {0};

	int r = read_request(flavor, &request, err);
	if (r < 0)
		return r;
	ret->numa = request.n_cells > 0;
	ret->n = ret->numa ? (unsigned)request.n_cells : 1;
	return 0;
}

/* More than any guest needs: only the NUMA nodes of the embedded host are limited. */
#define NODE_CPUS 256 /* shared, and as many dedicated */
#define NODE_MB   (INT64_C(1) << 32)

static void fill_node(struct compute_cell *c, int node, bool siblings)
{
	unsigned first = (unsigned)node * 2 * NODE_CPUS;
	static const uint32_t page_sizes_kb[] = {4, 2048, 1048576};

	*c = (struct compute_cell){.id = node, .socket = node, .memory_mb = NODE_MB};
	cpuset_add_range(&c->shared, first, NODE_CPUS);
	cpuset_add_range(&c->dedicated, first + NODE_CPUS, NODE_CPUS);
	for (size_t i = 0; i < ARRAY_SIZE(page_sizes_kb); i++) {
		struct compute_pages *p = array_push(c->pages, c->n_pages);
		*p = (struct compute_pages){.size_kb = page_sizes_kb[i],
					    .total = NODE_MB * 1024 / page_sizes_kb[i]};
	}
	for (unsigned i = 0; siblings && i < NODE_CPUS; i += 2) {
		struct compute_core *core = array_push(c->cores, c->n_cores);
		uint16_t cpu = (uint16_t)(first + NODE_CPUS + i);
		*core = (struct compute_core){.n = 2, .cpus = {cpu, (uint16_t)(cpu + 1)}};
	}
}

int host_describe(const struct physnets *physnets, bool hyperthreads, struct compute_host *ret,
		  struct err *err)
{
	ret->name = xstrdup("the embedded host");
	ret->cpu_ratio = ret->ram_ratio = 1;
	for (size_t i = 0; i < INVENTORY_CLASSES; i++)
		ret->inventory[i].total = -1;
	for (int node = 0; node < HOST_NODES; node++)
		fill_node(array_push(ret->cells, ret->n_cells), node, hyperthreads);
	for (size_t i = 0; i < 2 * physnets->n; i++) {
		struct pci_pool *pool = array_push(ret->pools, ret->n_pools);
		*pool = (struct pci_pool){.type = i % 2 ? PCI_PF : PCI_VF,
					  .total = COMPUTE_POOLS_MAX,
					  .free = COMPUTE_POOLS_MAX,
					  .trusted = TRI_YES,
					  .node = physnets_node(physnets, physnets->v[i / 2]),
					  .physnet = xstrdup(physnets->v[i / 2])};
	}
	return compute_host_ready(ret, err);
}

/* The reasons, and which changed requests would fit. */
static int refuse(const struct compute_host *host, const struct fit_request *request,
		  const struct flavor *flavor, struct err *err)
{
	cleanup_explanation struct explanation e = {0};
	cleanup_strbuf struct strbuf why = {0}, help = {0};

	explain(host, 1, NULL, request, flavor, NULL, &e);
	for (size_t i = 0; i < e.results[0].n_reasons; i++) {
		strbuf_adds(&why, i ? "; " : "");
		fit_reason_format(&e.results[0].reasons[i], host, request, &why);
	}
	for (size_t i = 0; i < e.n; i++)
		strbuf_addf(&help, "%s%s", i ? ", or " : "; it ", e.v[i].text);
	return err_set(err, NO_CAPACITY, NO_VALID_HOST " (%s%s)", why.s, help.s ? help.s : "");
}

int host_admit(const struct flavor *flavor, const struct host_port *ports, size_t n_ports,
	       const struct physnets *physnets, struct err *err)
{
	cleanup_compute_host struct compute_host host = {0};
	cleanup_fit_request struct fit_request request = {0};

	int r = read_request(flavor, &request, err);
	for (size_t i = 0; r == 0 && i < n_ports; i++) {
		struct fit_port port = {
			.nicid = ports[i].nicid,
			.network = (char *)ports[i].network,
			.physnet = (char *)ports[i].physnet,
			.type = ports[i].type == PORT_PASSTHRU ? PCI_PF : PCI_VF,
		};
		if (ports[i].type != PORT_VIRTUAL)
			r = fit_request_add_port(&request, flavor, NULL, &port,
						 ports[i].numa_affinity_policy, err);
	}
	if (r == 0)
		r = host_describe(physnets, request.thread_policy == THREADS_REQUIRE, &host, err);
	if (r < 0)
		return r;
	return fit_host(&host, &request, NULL) == FIT_NO ? refuse(&host, &request, flavor, err) : 0;
}
