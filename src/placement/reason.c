// SPDX-License-Identifier: Apache-2.0
/* Reasons as sentences. */
#include "base/str.h"
#include "placement/extra_specs.h"
#include "placement/internal.h"
#include "placement/pages.h"

/* Of a physnet that no NIC serves. */
enum { TYPING_ERRORS_MAX = 3, PHYSNETS_SHOWN = 8 };

void pages_format(struct strbuf *b, int64_t size_kb)
{
	if (size_kb >= 1024 * 1024 && size_kb % (1024 * 1024) == 0)
		strbuf_addf(b, "%lld GiB", (long long)(size_kb / (1024 * 1024)));
	else if (size_kb >= 1024 && size_kb % 1024 == 0)
		strbuf_addf(b, "%lld MiB", (long long)(size_kb / 1024));
	else
		strbuf_addf(b, "%lld KiB", (long long)size_kb);
}

static void nodes_format(struct strbuf *b, const struct compute_host *host, uint64_t cells)
{
	const char *sep = __builtin_popcountll(cells) > 1 ? "nodes " : "node ";

	for (size_t i = 0; i < host->n_cells; i++) {
		if (cells >> i & 1) {
			strbuf_addf(b, "%s%d", sep, host->cells[i].id);
			sep = ", ";
		}
	}
}

static void devices_format(struct strbuf *b, const struct fit_port *port)
{
	strbuf_addf(b, "port %u requests a %s%s of ", port->nicid, port->trusted ? "trusted " : "",
		    port->type == PCI_PF ? "PF" : "VF");
	if (port->physnet)
		strbuf_adds(b, port->physnet);
	else
		strbuf_addf(b, "network %s, whose physnet is unknown",
			    port->network ? port->network : "?");
}

/* Where the free devices of the port are: "4 are free on node 1". */
static void free_format(struct strbuf *b, const struct compute_host *host,
			const struct fit_port *port)
{
	const char *sep = "";

	for (size_t i = 0; i < host->n_pools; i++) {
		const struct pci_pool *p = &host->pools[i];

		if (!p->free || !pci_pool_grants(p, port))
			continue;
		if (p->node < 0)
			strbuf_addf(b, "%s%u free on no node", sep, p->free);
		else
			strbuf_addf(b, "%s%u free on node %d", sep, p->free, p->node);
		sep = ", ";
	}
}

static void affinity_format(struct strbuf *b, const struct fit_reason *r,
			    const struct compute_host *host, const struct fit_port *port)
{
	devices_format(b, port);
	strbuf_addf(b, " with NUMA affinity %s: ", numa_affinity_name(port->policy));
	free_format(b, host, port);
	strbuf_adds(b, ", but the guest would be on ");
	nodes_format(b, host, r->cells);
	if (port->policy == AFFINITY_SOCKET)
		strbuf_adds(b, ", of another socket");
}

static void devices_short_format(struct strbuf *b, const struct fit_reason *r,
				 const struct compute_host *host, const struct fit_port *port)
{
	unsigned total = 0, withheld = 0, untrusted = 0;

	for (size_t i = 0; i < host->n_pools; i++) {
		const struct pci_pool *p = &host->pools[i];

		if (!pci_pool_serves(p, port))
			continue;
		total += p->total;
		withheld += p->withheld;
		untrusted += pci_pool_grants(p, port) ? 0 : p->free;
	}
	devices_format(b, port);
	strbuf_addf(b, ": %lld of %u free", (long long)r->free, total);
	if (withheld)
		strbuf_addf(b, ", %u matched by no device_spec of Nova", withheld);
	if (untrusted)
		strbuf_addf(b, ", %u whose device_spec does not have \"trusted\": \"true\"",
			    untrusted);
	if (r->asked > 1)
		strbuf_addf(b, ", %lld requested together with the ports before it",
			    (long long)r->asked);
}

/* What the host's NICs serve instead: the physnet may be misspelt. */
static void served_format(struct strbuf *b, const struct compute_host *host,
			  const struct fit_port *port)
{
	cleanup_strv struct strv names = {0};
	struct guess guess = {port->physnet, TYPING_ERRORS_MAX, NULL};

	for (size_t i = 0; port->physnet && i < host->n_pools; i++) {
		const char *name = host->pools[i].physnet;

		if (!name || strv_contains(&names, name))
			continue;
		strv_add(&names, name);
		guess_try(&guess, name);
	}
	for (size_t i = 0; i < names.n && i < PHYSNETS_SHOWN; i++)
		strbuf_addf(b, "%s%s", i ? ", " : " (they serve ", names.v[i]);
	if (names.n > PHYSNETS_SHOWN)
		strbuf_addf(b, " and %zu more", names.n - PHYSNETS_SHOWN);
	strbuf_adds(b, names.n ? ")" : "");
	if (guess.best)
		strbuf_addf(b, "; is %s meant?", guess.best);
}

/* A NIC without VFs is Nova's type-PF, one with VFs gives those alone. */
static void physnet_format(struct strbuf *b, const struct compute_host *host,
			   const struct fit_port *port)
{
	struct fit_port other = *port;

	other.type = port->type == PCI_PF ? PCI_VF : PCI_PF;
	devices_format(b, port);
	for (size_t i = 0; i < host->n_pools; i++) {
		if (!pci_pool_serves(&host->pools[i], &other))
			continue;
		strbuf_addf(b, ": %s serves it, but %s",
			    host->pools[i].pf ? host->pools[i].pf : "a NIC of the host",
			    port->type == PCI_PF ? "is divided into VFs" : "has no VFs");
		return;
	}
	strbuf_adds(b, ": no NIC of the host serves it");
	served_format(b, host, port);
}

static void port_format(struct strbuf *b, const struct fit_reason *r,
			const struct compute_host *host, const struct fit_port *port)
{
	if (r->kind == FIT_AFFINITY) {
		affinity_format(b, r, host, port);
	} else if (r->kind == FIT_VFS) {
		devices_short_format(b, r, host, port);
	} else if (r->kind == FIT_TRUST) {
		devices_format(b, port);
		strbuf_adds(b, ": the host's file does not say whether their device_spec has "
			       "\"trusted\": \"true\", without which Nova does not take them (key "
			       "trusted of the NIC or the VF)");
	} else if (r->kind == FIT_SOCKET) {
		devices_format(b, port);
		strbuf_adds(b,
			    " with NUMA affinity socket, but the host does not report the socket "
			    "of every node");
	} else {
		physnet_format(b, host, port);
	}
}

static void page_size_format(struct strbuf *b, const struct fit_reason *r)
{
	if (!r->page_kb) {
		strbuf_adds(b, "large pages requested, the node has none");
		return;
	}
	strbuf_adds(b, "pages of ");
	pages_format(b, r->page_kb);
	strbuf_adds(b, " requested, the node has no such pages");
}

static void memory_total_format(struct strbuf *b, const struct fit_reason *r)
{
	strbuf_addf(b, "%lld MB of memory requested, the node has %lld", (long long)r->asked,
		    (long long)r->free);
	if (!r->page_kb)
		return;
	strbuf_adds(b, " in pages of ");
	pages_format(b, r->page_kb);
}

/* Of the kinds that have no figures. */
static const char *const sentences[FIT_REASON_KINDS] = {
	[FIT_OK] = "fits",
	[FIT_NO_TOPOLOGY] = "the guest has NUMA cells, but the host reports no NUMA nodes",
	[FIT_ISOLATE] =
		("thread policy isolate requested, the host has hyperthreads and a dedicated set "
		 "of CPUs"),
	[FIT_NO_THREADS] = "thread policy require requested, the node has no hyperthreads",
	[FIT_IMAGE_THREADS] = ("the image's hw_cpu_thread_policy is require, the host has no "
			       "hyperthreads: Nova's "
			       "filter refuses it, whatever the flavor says"),
	[FIT_EMULATOR] = "no CPU is left for the emulator's threads (policy isolate)",
	[FIT_SEARCH] = ("an assignment exists, but Nova does not find it: the state that it keeps "
			"from one try (page size, cell ids) breaks the next"),
	[FIT_MISTAKEN] =
		("Nova's filters accept the host by mistake and the claim on it fails: a cell "
		 "cached as fitting has too few resources, or the CPUs of another node"),
	[FIT_GAVE_UP] = "too many assignments of cells to nodes to try all of them",
	[FIT_TRIED] = ("Nova's search finds no nodes for the cells; too many assignments remain to "
		       "tell which resource is short"),
};

/* Of the kinds with two figures: "WHAT: 2 requested, HAS 1 END". */
static const struct {
	const char *what, *has, *end;
} figures[FIT_REASON_KINDS] = {
	[FIT_NODES] = {"NUMA cells", "the host has ", ""},
	[FIT_MEMORY] = {"MB of memory", "", " free"},
	[FIT_RAM_RATIO] = {"MB of memory", "", " free at ram_allocation_ratio"},
	[FIT_DEDICATED_TOTAL] = {"dedicated CPUs", "the node has ", ""},
	[FIT_DEDICATED] = {"dedicated CPUs", "", " free"},
	[FIT_SHARED_TOTAL] = {"shared CPUs", "the node has ", ""},
	[FIT_CPU_RATIO] = {"vCPUs", "", " free at cpu_allocation_ratio"},
	[FIT_CORES] = {"cores with all threads free (thread policy isolate)", "the node has ", ""},
	[FIT_SIBLINGS] = {"dedicated CPUs with free siblings (thread policy require)",
			  "the node has ", ""},
};

static void figures_format(struct strbuf *b, const struct fit_reason *r,
			   const struct compute_host *host)
{
	strbuf_addf(b, "%s: %lld requested, %s%lld%s", figures[r->kind].what, (long long)r->asked,
		    figures[r->kind].has, r->free > 0 ? (long long)r->free : 0,
		    figures[r->kind].end);
	if (r->kind == FIT_RAM_RATIO)
		strbuf_addf(b, " %g", host->ram_ratio);
	else if (r->kind == FIT_CPU_RATIO)
		strbuf_addf(b, " %g", host->cpu_ratio);
}

void fit_reason_format(const struct fit_reason *r, const struct compute_host *host,
		       const struct fit_request *request, struct strbuf *b)
{
	long long asked = r->asked;
	long long there = r->free > 0 ? r->free : 0; /* below 0: overcommitted already */

	if (r->node >= 0)
		strbuf_addf(b, "node %d: ", r->node);
	if (r->kind == FIT_CONTRADICTION) {
		strbuf_addf(b, "unknown, since its file contradicts itself: %s",
			    host->contradiction);
		return;
	}
	if (sentences[r->kind]) {
		strbuf_adds(b, sentences[r->kind]);
	} else if (figures[r->kind].what) {
		figures_format(b, r, host);
	} else if (r->kind == FIT_INVENTORY) {
		strbuf_addf(b, "%s: %lld requested, %lld free", inventory_class_name(r->class),
			    asked, there);
	} else if (r->kind == FIT_PAGE_SIZE) {
		page_size_format(b, r);
	} else if (r->kind == FIT_PAGE_MULTIPLE) {
		strbuf_addf(b, "%lld MB are not a multiple of its page size, ", asked);
		pages_format(b, r->page_kb);
	} else if (r->kind == FIT_PAGES) {
		strbuf_adds(b, "pages of ");
		pages_format(b, r->page_kb);
		strbuf_addf(b, ": %lld requested, %lld free", asked, there);
	} else if (r->kind == FIT_MEMORY_TOTAL) {
		memory_total_format(b, r);
	} else if (r->kind == FIT_NO_PINNED) {
		strbuf_addf(b,
			    "cell %d of the guest has no pinned vCPU: Nova places no such cell "
			    "with CPU policy %s",
			    r->cell,
			    request->cpu_policy == CPU_POLICY_MIXED ? "mixed" : "dedicated");
	} else {
		port_format(b, r, host, &request->ports[r->port]);
	}
}
